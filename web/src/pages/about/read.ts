import type { Asset, Histogram } from "./queries";

/** "3 min ago"; the future and the last moment are "just now". */
export function ago(iso: string, now: number): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (seconds < 10) return "just now";
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

export interface Placed {
  asset: Asset;
  column: number;
  row: number;
}

/**
 * Place a graph in columns, each asset to the right of all that it depends on, and near the rows of those. Names that the
 * graph does not hold count as sources; a circle, which Dagster does not allow, ends somewhere.
 */
export function place(assets: readonly Asset[]): Placed[] {
  const byName = new Map(assets.map((one) => [one.name, one]));
  const columns = new Map<string, number>();
  const columnOf = (name: string, above: ReadonlySet<string>): number => {
    const known = columns.get(name);
    if (known !== undefined) return known;
    const parents = (byName.get(name)?.depends_on ?? []).filter((one) => byName.has(one) && !above.has(one));
    const found = Math.max(-1, ...parents.map((one) => columnOf(one, new Set([...above, name])))) + 1;
    columns.set(name, found);
    return found;
  };
  assets.forEach((one) => columnOf(one.name, new Set()));
  const rows = new Map<string, number>();
  const placed: Placed[] = [];
  const last = Math.max(-1, ...columns.values());
  for (let column = 0; column <= last; column += 1) {
    const here = assets.filter((one) => columns.get(one.name) === column);
    const wish = (one: Asset): number => {
      const above = one.depends_on.map((name) => rows.get(name)).filter((row) => row !== undefined);
      return above.length === 0 ? Infinity : above.reduce((sum, row) => sum + row, 0) / above.length;
    };
    const compare = (a: Asset, b: Asset) => (wish(a) === wish(b) ? a.name.localeCompare(b.name) : wish(a) - wish(b));
    [...here].sort(compare).forEach((asset, row) => {
      rows.set(asset.name, row);
      placed.push({ asset, column, row });
    });
  }
  return placed;
}

export type Condition = "made" | "failed" | "never" | "working";

/** How an asset stands. */
export function conditionOf({ partitions, last }: Asset): Condition {
  if (partitions && partitions.materializing > 0) return "working";
  if (partitions && partitions.failed > 0) return "failed";
  return last === null ? "never" : "made";
}

export function partitionsText({ partitions }: Asset): string {
  if (!partitions) return "one, without partitions";
  const failed = partitions.failed > 0 ? `, ${partitions.failed} failed` : "";
  const working = partitions.materializing > 0 ? `, ${partitions.materializing} being made` : "";
  return `${partitions.materialized} of ${partitions.all} made${failed}${working}`;
}

/** Seconds for people. */
export function seconds(value: number): string {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  return value < 90 ? `${Number(value.toFixed(1))} s` : `${Math.round(value / 60)} min`;
}

/** "up to 2 s", "over 1 h": the name of a bucket. */
export function bucketText(upTo: number | null, before: number | null): string {
  if (upTo !== null) return `to ${seconds(upTo)}`;
  return before === null ? "any time" : `over ${seconds(before)}`;
}

/** The bound below which a share of all times lies, as far as buckets tell; null: nothing was timed, or it is beyond them. */
export function boundOf({ buckets, count }: Histogram, share: number): number | null {
  let below = 0;
  if (count === 0) return null;
  for (const one of buckets) {
    below += one.count;
    if (below >= share * count) return one.up_to;
  }
  return null;
}

/** Buckets from the first to the last one that holds anything. */
export function usedBuckets({ buckets }: Histogram): { text: string; count: number }[] {
  const named = buckets.map((one, i) => ({ text: bucketText(one.up_to, buckets[i - 1]?.up_to ?? null), count: one.count }));
  const first = named.findIndex((one) => one.count > 0);
  const last = named.findLastIndex((one) => one.count > 0);
  return first < 0 ? [] : named.slice(first, last + 1);
}

/** What each service of /status is, for people who do not know the platform. */
export const SERVICES: Readonly<Record<string, { title: string; what: string }>> = {
  api: { title: "API", what: "FastAPI: this page, maps' tiles, jobs, live progress" },
  database: { title: "Database", what: "Users, areas, jobs, events and the audit log (PostGIS, or SQLite on one machine)" },
  store: { title: "Object store", what: "Labels, models, composites and maps (MinIO, or a folder on one machine)" },
  registry: { title: "Model registry", what: "MLflow: every model version, and which one is the champion" },
  dagster: { title: "Orchestrator", what: "Dagster: every map, training and promotion is one of its runs" },
  lane: { title: "Warm worker", what: "Processes that wait with everything loaded, for visitors' maps" },
  follower: { title: "Follower", what: "Launches jobs, follows their runs and tells open pages" },
};
