import { queryOptions } from "@tanstack/react-query";
import { api, data, type Schemas } from "../../api/client";

export type Asset = Schemas["AssetView"];
export type Workflow = Schemas["WorkflowView"];
export type Numbers = Schemas["Numbers"];
export type Status = Schemas["StatusPage"];
export type Histogram = Schemas["Histogram"];

const STATUS_MS = 5_000;
const WORKFLOW_MS = 15_000;

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: () => data<Status>(api.GET("/status")),
  refetchInterval: STATUS_MS,
});

export const numbersQuery = queryOptions({
  queryKey: ["numbers"],
  queryFn: () => data<Numbers>(api.GET("/numbers")),
  refetchInterval: STATUS_MS,
});

export const workflowQuery = queryOptions({
  queryKey: ["workflow"],
  queryFn: () => data<Workflow>(api.GET("/workflow")),
  refetchInterval: WORKFLOW_MS,
});
