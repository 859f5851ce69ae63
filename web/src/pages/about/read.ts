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
  /** From 0, the first that can be made. */
  level: number;
  /** Place in its level, from 0. */
  place: number;
}

/**
 * Place a graph in levels, each asset below all that it depends on, and near the places of those; a source just above
 * what is made of it. Names that the graph does not hold count as sources; a circle, which Dagster does not allow, ends
 * somewhere.
 */
export function layOut(assets: readonly Asset[]): Placed[] {
  const levels = levelsOf(assets);
  const places = new Map<string, number>();
  const placed: Placed[] = [];
  const last = Math.max(-1, ...levels.values());
  for (let level = 0; level <= last; level += 1) {
    const here = assets.filter((one) => levels.get(one.name) === level);
    const wish = (one: Asset): number => {
      const above = one.depends_on.map((name) => places.get(name)).filter((at) => at !== undefined);
      return above.length === 0 ? Number.MAX_VALUE : above.reduce((sum, at) => sum + at, 0) / above.length;
    };
    [...here]
      .sort((a, b) => wish(a) - wish(b) || a.name.localeCompare(b.name))
      .forEach((asset, at) => {
        places.set(asset.name, at);
        placed.push({ asset, level, place: at });
      });
  }
  return placed;
}

function levelsOf(assets: readonly Asset[]): Map<string, number> {
  const byName = new Map(assets.map((one) => [one.name, one]));
  const levels = new Map<string, number>();
  const levelOf = (name: string, above: ReadonlySet<string>): number => {
    const known = levels.get(name);
    if (known !== undefined) return known;
    const parents = (byName.get(name)?.depends_on ?? []).filter((one) => byName.has(one) && !above.has(one));
    const found = Math.max(-1, ...parents.map((one) => levelOf(one, new Set([...above, name])))) + 1;
    levels.set(name, found);
    return found;
  };
  assets.forEach((one) => levelOf(one.name, new Set()));
  for (const source of assets.filter((one) => levels.get(one.name) === 0)) {
    const below = assets.filter((one) => one.depends_on.includes(source.name)).map((one) => levels.get(one.name) ?? 1);
    if (below.length > 0) levels.set(source.name, Math.max(0, Math.min(...below) - 1));
  }
  return levels;
}

/** What depends on what, without what follows from the rest: with a → b → c, a → c is left out. */
export function arrowsOf(assets: readonly Asset[]): [string, string][] {
  const byName = new Map(assets.map((one) => [one.name, one]));
  const reaches = (from: string, to: string, seen: Set<string>): boolean => {
    if (seen.has(from)) return false;
    seen.add(from);
    const next = byName.get(from)?.depends_on ?? [];
    return next.includes(to) || next.some((one) => reaches(one, to, seen));
  };
  return assets.flatMap((asset) => {
    const direct = asset.depends_on.filter((one) => byName.has(one));
    const isImplied = (one: string) => direct.some((other) => other !== one && reaches(other, one, new Set([asset.name])));
    return direct.filter((one) => !isImplied(one)).map((one): [string, string] => [one, asset.name]);
  });
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
