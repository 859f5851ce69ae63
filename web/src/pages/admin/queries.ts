import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, data, type Schemas } from "../../api/client";
import { Problem } from "../../api/problem";
import { follow } from "../../api/sse";
import { apiUrl } from "../../lib/config";
import { newestOf, readReport, type Report } from "./read";

export type Dataset = Schemas["Dataset"];
export type Job = Schemas["JobView"];
export type Model = Schemas["ModelView"];
export type PlatformEvent = Schemas["EventView"];

const LIVE_MS = 2_000;
const CALM_MS = 30_000;
const PAGE = 200;
/** Pages of the past that are read to find its end: events are kept for a time only. */
const MAX_PAGES = 25;
const FINAL: readonly string[] = ["ready", "failed", "cancelled"];

export const isOver = (job: Job): boolean => FINAL.includes(job.state);

export const datasetsQuery = queryOptions({
  queryKey: ["admin", "datasets"],
  queryFn: () => data<Dataset[]>(api.GET("/admin/datasets")),
});

export const modelsQuery = queryOptions({
  queryKey: ["admin", "models"],
  queryFn: () => data<Schemas["Page_ModelView_"]>(api.GET("/admin/models", { params: { query: { limit: 100 } } })),
});

export const metricsQuery = queryOptions({
  queryKey: ["admin", "metrics"],
  queryFn: () => data<Schemas["Metrics"]>(api.GET("/admin/metrics")),
});

export function modelQuery(version: number) {
  return queryOptions({
    queryKey: ["admin", "models", version],
    queryFn: () => data<Schemas["ModelDetail"]>(api.GET("/admin/models/{version}", { params: { path: { version } } })),
  });
}

/** The figures of a version's evaluation; null where it has none. */
export function reportQuery(version: number, isThere: boolean) {
  return queryOptions({
    queryKey: ["admin", "models", version, "report"],
    enabled: isThere,
    staleTime: Infinity,
    queryFn: async (): Promise<Report | null> => {
      const path = { version, name: "report.json" };
      const found = await data<unknown>(
        api.GET("/admin/models/{version}/report/{name}", { params: { path }, parseAs: "json" }),
      );
      return readReport(found);
    },
  });
}

/** Trainings, the newest first: looked at often while one of them is in flight. */
export const trainingsQuery = queryOptions({
  queryKey: ["admin", "trainings"],
  queryFn: () => data<Schemas["Page_JobView_"]>(api.GET("/admin/training", { params: { query: { limit: 20 } } })),
  refetchInterval: (query) => (query.state.data?.items.every(isOver) ? CALM_MS : LIVE_MS),
});

export function jobQuery(id: string | null) {
  return queryOptions({
    queryKey: ["admin", "job", id],
    enabled: id !== null,
    queryFn: () => data<Job>(api.GET("/admin/jobs/{job_id}", { params: { path: { job_id: id ?? "" } } })),
    refetchInterval: (query) => (query.state.data && isOver(query.state.data) ? false : LIVE_MS / 2),
  });
}

export const schedulesQuery = queryOptions({
  queryKey: ["admin", "schedules"],
  queryFn: () => data<Schemas["ScheduleView"][]>(api.GET("/admin/training/schedule")),
});

export const watchesQuery = queryOptions({
  queryKey: ["admin", "watches"],
  queryFn: () => data<Schemas["WatchView"][]>(api.GET("/admin/training/watch")),
});

export const schemaQuery = queryOptions({
  queryKey: ["admin", "schema"],
  staleTime: Infinity,
  queryFn: () => data<Record<string, unknown>>(api.GET("/admin/training/schema")),
});

export const usersQuery = queryOptions({
  queryKey: ["admin", "users"],
  queryFn: () => data<Schemas["Page_UserView_"]>(api.GET("/admin/users", { params: { query: { limit: PAGE } } })),
});

export const auditQuery = queryOptions({
  queryKey: ["admin", "audit"],
  queryFn: () => data<Schemas["Page_AuditView_"]>(api.GET("/admin/audit", { params: { query: { limit: 50 } } })),
});

export const eventsQuery = queryOptions({
  queryKey: ["admin", "events"],
  staleTime: Infinity,
  queryFn: async (): Promise<PlatformEvent[]> => {
    let found: PlatformEvent[] = [];
    let after: number | null = 0;
    for (let page = 0; page < MAX_PAGES && after !== null; page += 1) {
      const query: { after: number; limit: number } = { after, limit: PAGE };
      const told: Schemas["EventsPage"] = await data<Schemas["EventsPage"]>(
        api.GET("/events/history", { params: { query } }),
      );
      found = newestOf([...found, ...told.items]);
      after = told.next;
    }
    return found;
  },
});

/** Follow what happens on the platform, and read anew what it changes. Tells whether the line is open. */
export function usePlatformEvents(): boolean {
  const queries = useQueryClient();
  const [isOpen, setIsOpen] = useState(true);
  useEffect(() => {
    const stop = new AbortController();
    void listen(stop.signal, (event) => {
      queries.setQueryData<PlatformEvent[]>(eventsQuery.queryKey, (was) => was && newestOf([...was, event]));
      const rest = (key: readonly unknown[]) => key[0] === "admin" && key[1] !== "events" && key[1] !== "schema";
      void queries.invalidateQueries({ predicate: (query) => rest(query.queryKey) });
    }).finally(() => !stop.signal.aborted && setIsOpen(false));
    return () => stop.abort();
  }, [queries]);
  return isOpen;
}

async function listen(signal: AbortSignal, tell: (event: PlatformEvent) => void): Promise<void> {
  try {
    for await (const { id, type, data: text } of follow(`${apiUrl}/events`, { signal })) {
      const told = JSON.parse(text) as Record<string, unknown>;
      const at = typeof told.at === "string" ? told.at : new Date().toISOString();
      tell({ id: Number(id), type, at, data: told });
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error; // refused: the login has ended
  }
}

/** A change, after which everything of the admin pages that it may touch is read anew. */
export function useChange<Given, Got = unknown>(change: (given: Given) => Promise<Got>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queries.invalidateQueries({ predicate: ({ queryKey: [of, what] }) => of === "admin" && what !== "events" }),
  });
}

/** Follow a job to its end; then read anew what it changed. */
export function useJob(id: string | null) {
  const queries = useQueryClient();
  const job = useQuery(jobQuery(id));
  const over = job.data ? isOver(job.data) : false;
  useEffect(() => {
    if (!over) return;
    const touched = ["models", "metrics", "datasets", "audit"];
    void queries.invalidateQueries({ predicate: ({ queryKey: [of, what] }) => of === "admin" && touched.includes(String(what)) });
  }, [over, queries]);
  return job;
}
