import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { apiUrl } from "../lib/config";
import { claimsOf, keep, useSession } from "./auth";
import { api, data, type Schemas } from "./client";
import { Problem } from "./problem";
import { follow } from "./sse";

export type Prediction = Schemas["PredictionView"];
export type MapResult = Schemas["MapResult"];
export type ClassEntry = Schemas["ClassEntry"];
export type Geometry = GeoJSON.Polygon | GeoJSON.MultiPolygon;

const FINAL = ["ready", "failed", "cancelled"] as const;
const MINUTE = 60_000;

export const baselinesQuery = queryOptions({
  queryKey: ["baselines"],
  queryFn: () => data<Schemas["BaselineList"]>(api.GET("/baselines")),
  staleTime: MINUTE,
});

/** A TileJSON by its address, which the API gave and which needs no header. */
export function tilejsonQuery(address: string | null) {
  return queryOptions({
    queryKey: ["tilejson", address],
    enabled: address !== null,
    staleTime: 5 * MINUTE,
    queryFn: async ({ signal }): Promise<Schemas["TileJson"]> => {
      const answer = await fetch(address ?? "", { signal });
      if (!answer.ok) throw new Problem((await answer.json()) as Record<string, unknown>);
      return (await answer.json()) as Schemas["TileJson"];
    },
  });
}

export function useLogin() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ name, password }: { name: string; password: string }) => {
      const body = new URLSearchParams({ username: name, password });
      const answer = await data<Schemas["TokenAnswer"]>(
        api.POST("/auth/token", {
          body: { username: name, password, scope: "" },
          bodySerializer: () => body,
          headers: { "Content-Type": "application/x-www-form-urlencoded" },
        }),
      );
      const token = answer.access_token;
      keep({ ...claimsOf(token), token, expires: Date.now() + answer.expires_in * 1000 });
    },
    onSuccess: () => queries.invalidateQueries(),
  });
}

/** What the logged-in user may do; nothing while nobody is logged in. */
export function useMe() {
  const user = useSession();
  return useQuery({
    queryKey: ["me", user?.name],
    queryFn: () => data<Schemas["Me"]>(api.GET("/auth/me")),
    enabled: user !== null,
    staleTime: 5 * MINUTE,
  });
}

export function useQuota() {
  const user = useSession();
  return useQuery({ queryKey: ["quota", user?.name], queryFn: () => data<Schemas["QuotaView"]>(api.GET("/quota")), enabled: user !== null });
}

export function useMyMaps() {
  const user = useSession();
  return useQuery({
    queryKey: ["predictions", user?.name],
    queryFn: () => data<Schemas["Page_PredictionView_"]>(api.GET("/predictions", { params: { query: { limit: 100 } } })),
    enabled: user !== null,
  });
}

export interface Wanted {
  geometry: Geometry;
  name: string | null;
  season: string;
}

function bodyOf({ geometry, name, season }: Wanted): Schemas["PredictionRequest"] {
  return { aoi: { ...geometry, ...(name ? { name } : {}) }, season } as Schemas["PredictionRequest"];
}

export async function estimate(wanted: Wanted, signal?: AbortSignal): Promise<Schemas["Estimate"]> {
  const params = { query: { validate_only: true } };
  return data<Schemas["Estimate"]>(api.POST("/predictions", { params, body: bodyOf(wanted), signal }));
}

export function useSubmit() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (wanted: Wanted) =>
      data<Schemas["PredictionStarted"]>(api.POST("/predictions", { body: bodyOf(wanted) })),
    onSuccess: (started) => {
      queries.setQueryData(["prediction", started.id], started);
      void queries.invalidateQueries({ queryKey: ["quota"] });
      void queries.invalidateQueries({ queryKey: ["predictions"] });
    },
  });
}

export function usePrediction(id: string | null) {
  const user = useSession();
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: ["prediction", id],
    queryFn: () => data<Prediction>(api.GET("/predictions/{id}", { params: { path: { id: id ?? "" } } })),
    enabled: id !== null && user !== null,
    staleTime: 5 * MINUTE,
  });
  const inFlight = query.data?.state === "queued" || query.data?.state === "running";
  useEffect(() => {
    if (!id || !inFlight) return undefined;
    const stop = new AbortController();
    void watch(id, stop.signal, (change) =>
      queries.setQueryData<Prediction>(["prediction", id], (was) => was && { ...was, ...change }),
    ).finally(() => {
      if (stop.signal.aborted) return;
      void queries.invalidateQueries({ queryKey: ["prediction", id] });
      void queries.invalidateQueries({ queryKey: ["predictions"] });
      void queries.invalidateQueries({ queryKey: ["quota"] });
    });
    return () => stop.abort();
  }, [id, inFlight, queries]);
  return query;
}

type Change = Partial<Pick<Prediction, "progress" | "step" | "position" | "lane" | "reason">> & { state?: string };

/** Follow a prediction's events to its end; a stream that is refused ends, and the prediction is asked for again. */
async function watch(id: string, signal: AbortSignal, tell: (change: Partial<Prediction>) => void): Promise<void> {
  try {
    for await (const event of follow(`${apiUrl}/predictions/${id}/events`, { signal, final: FINAL })) {
      if ((FINAL as readonly string[]).includes(event.type)) return; // the whole answer is read anew
      const { progress, step, position, lane, reason } = JSON.parse(event.data) as Change;
      const said = Object.fromEntries(
        Object.entries({ progress, step, position, lane, reason }).filter(([, value]) => value !== undefined),
      );
      tell({ ...said, state: event.type === "queued" ? "queued" : "running" });
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}

export function useAoi(id: string | null) {
  const user = useSession();
  return useQuery({
    queryKey: ["aoi", id],
    queryFn: () => data<Schemas["AoiView"]>(api.GET("/aois/{id}", { params: { path: { id: id ?? "" } } })),
    enabled: id !== null && user !== null,
    staleTime: Infinity,
  });
}

export function useCancel() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => data<unknown>(api.DELETE("/predictions/{id}", { params: { path: { id } } })),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ["prediction"] });
      void queries.invalidateQueries({ queryKey: ["predictions"] });
      void queries.invalidateQueries({ queryKey: ["quota"] });
    },
  });
}
