import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { StatusTable } from "./LiveSystem";
import { NumbersView } from "./Observability";
import type { Asset, Histogram, Numbers } from "./queries";
import { ago, arrowsOf, boundOf, conditionOf, layOut, partitionsText, usedBuckets } from "./read";
import { Graph } from "./WorkflowPage";

const asset = (name: string, depends_on: string[] = [], more: Partial<Asset> = {}): Asset => ({
  name, group: "g", description: "", kinds: [], depends_on, partitions: null, last: null, ...more,
}); // prettier-ignore

const AT = "2026-11-21T12:00:00Z";
const counts = (all: number, materialized: number, failed = 0, materializing = 0) => ({ all, materialized, failed, materializing });

describe("the graph", () => {
  it("is placed with each asset below what it is made of, and sources just above that", () => {
    const placed = layOut([asset("map", ["composite", "champion"]), asset("composite"), asset("champion", ["model"]), asset("model", ["outside"])]);
    const levels = Object.fromEntries(placed.map((one) => [one.asset.name, one.level]));
    expect(levels).toEqual({ composite: 1, model: 0, champion: 1, map: 2 });
    const places = placed.map((one) => `${one.level},${one.place}`);
    expect(new Set(places).size).toBe(placed.length);
  });

  it("does not hang on a circle", () => {
    const circle = [asset("a", ["b"]), asset("b", ["a"])];
    expect(layOut(circle)).toHaveLength(2);
    expect(arrowsOf(circle)).toHaveLength(2);
  });

  it("leaves out arrows that follow from others, and those from outside", () => {
    const assets = [asset("a"), asset("b", ["a"]), asset("c", ["a", "b", "outside"])];
    expect(arrowsOf(assets)).toEqual([["a", "b"], ["b", "c"]]);
  });

  it("says how an asset stands", () => {
    expect(conditionOf(asset("a"))).toBe("never");
    expect(conditionOf(asset("a", [], { last: AT }))).toBe("made");
    expect(conditionOf(asset("a", [], { last: AT, partitions: counts(3, 2, 1) }))).toBe("failed");
    expect(conditionOf(asset("a", [], { last: AT, partitions: counts(3, 2, 1, 1) }))).toBe("working");
    expect(partitionsText(asset("a", [], { partitions: counts(3, 2, 1) }))).toBe("2 of 3 made, 1 failed");
  });

  it("is drawn with a text alternative and a table that says the same", () => {
    const assets = [asset("samples", [], { partitions: counts(3, 2), last: AT }), asset("crop_map", ["samples"])];
    render(<Graph workflow={{ assets, asked_at: AT }} />);
    const picture = screen.getByRole("img", { name: "Asset graph" });
    expect(document.getElementById(picture.getAttribute("aria-describedby") ?? "")?.textContent).toContain("The table says the same");
    expect(screen.getByRole("row", { name: /^samples g 2 of 3 made made/ })).toBeTruthy();
    expect(screen.getByRole("row", { name: /^crop_map g one, without partitions never made yet/ })).toBeTruthy();
  });

  it("without assets says why", () => {
    render(<Graph workflow={{ assets: [], asked_at: AT }} />);
    expect(screen.getByText("The orchestrator has no assets")).toBeTruthy();
  });
});

describe("times", () => {
  const histogram: Histogram = {
    count: 4,
    seconds: 9,
    buckets: [{ up_to: 1, count: 0 }, { up_to: 2, count: 3 }, { up_to: 5, count: 0 }, { up_to: null, count: 1 }],
  };

  it("are told by buckets, from the first to the last one in use", () => {
    expect(usedBuckets(histogram)).toEqual([{ text: "to 2 s", count: 3 }, { text: "to 5 s", count: 0 }, { text: "over 5 s", count: 1 }]);
    expect(usedBuckets({ count: 0, seconds: 0, buckets: [{ up_to: null, count: 0 }] })).toEqual([]);
  });

  it("have a bound below which a share lies, if buckets tell it", () => {
    expect(boundOf(histogram, 0.5)).toBe(2);
    expect(boundOf(histogram, 0.99)).toBeNull();
    expect(boundOf({ ...histogram, count: 0 }, 0.5)).toBeNull();
  });

  it("ago are said as people do", () => {
    const now = Date.parse(AT);
    expect([-5, 3, 45, 300, 7200, 400_000].map((one) => ago(new Date(now - one * 1000).toISOString(), now))).toEqual([
      "just now", "just now", "45 s ago", "5 min ago", "2 h ago", "5 days ago",
    ]);
  });
});

it("leaves empty what could not be asked", () => {
  const nothing: Histogram = { count: 0, seconds: 0, buckets: [] };
  const numbers: Numbers = {
    started_at: null, memory_bytes: null, cpu_seconds: null, jobs: null, lane_slots: null, lane_busy: null, lane_queue: null,
    requests: {}, request_seconds: nothing, map_seconds: nothing,
  }; // prettier-ignore
  render(<NumbersView numbers={numbers} />);
  expect(screen.getAllByText("cannot be asked now").length).toBeGreaterThan(5);
  expect(screen.getByText("does not answer")).toBeTruthy();
  expect(screen.getByText("No map has been made since the API started.")).toBeTruthy();
});

describe("the status table", () => {
  const services = [
    { name: "store", state: "live" as const, since: AT, reason: null, details: null },
    { name: "lane", state: "down" as const, since: AT, reason: "the warm worker does not answer", details: null },
  ];

  it("names each service, its state in words, and why", () => {
    render(<StatusTable status={{ state: "degraded", services }} />);
    expect(screen.getByRole("row", { name: /Warm worker.*down.*does not answer/ })).toBeTruthy();
    expect(screen.getByRole("status").textContent).toContain("not all of it");
    expect(screen.queryByText(/Details/)).toBeNull();
  });

  it("shows administrators more", () => {
    const [store] = services;
    if (!store) throw new Error("no service");
    render(<StatusTable status={{ state: "live", services: [{ ...store, details: { kind: "sqlite" } }] }} />);
    expect(screen.getByText("kind: sqlite")).toBeTruthy();
  });
});
