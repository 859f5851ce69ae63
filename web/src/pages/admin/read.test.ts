import { describe, expect, it } from "vitest";
import { bytes, classesOf, figure, MAX_EVENTS, newestOf, parseSettings, readReport, sentenceOf, sharesOf } from "./read";

const event = (id: number, type = "promoted", data: Record<string, unknown> = {}) => ({ id, type, at: "2026-11-21T12:00:00Z", data });

describe("events", () => {
  it("are kept once, newest first, and not without end", () => {
    expect(newestOf([event(1), event(3), event(2), event(3)]).map((one) => one.id)).toEqual([3, 2, 1]);
    const many = Array.from({ length: MAX_EVENTS + 5 }, (_, id) => event(id));
    expect(newestOf(many)).toHaveLength(MAX_EVENTS);
    expect(newestOf(many)[0]?.id).toBe(MAX_EVENTS + 4);
  });

  it("say for people what they are", () => {
    const model = { model_version: 7, dataset_version: "2024-06", variant: "Raw", macro_f1: 0.8123 };
    expect(sentenceOf(event(1, "training_finished", { ...model, gate: "refused" }))).toEqual({
      tone: "warn",
      text: "Trained version 7 (2024-06, Raw), macro F1 0.812: the gate refuses it.",
    });
    expect(sentenceOf(event(1, "run_failed", { job: "train_models", partition: "a|Raw", reason: "no scenes", will_retry: true }))).toEqual({
      tone: "bad",
      text: "A run of train_models failed (a|Raw); it is tried again.",
      detail: "no scenes",
    });
    expect(sentenceOf(event(1, "promoted", { model_version: 7, previous_version: null })).text).toContain("before: none");
  });

  it("of a kind that is new are told by their name", () => {
    expect(sentenceOf(event(1, "moon_is_full"))).toEqual({ tone: "info", text: "moon is full" });
  });
});

describe("a report", () => {
  it("is read, or is none", () => {
    expect(readReport({ classes: ["a", "b"], confusion: [[3, 1], [0, 4]] })?.classes).toEqual(["a", "b"]);
    expect(readReport({ classes: ["a"], confusion: [] })).toBeNull();
    expect(readReport(null)).toBeNull();
    expect(readReport("text")).toBeNull();
  });

  it("has shares of each truth, nothing for a class without samples", () => {
    expect(sharesOf([[3, 1], [0, 0]])).toEqual([[0.75, 0.25], [0, 0]]);
  });
});

describe("metrics", () => {
  const metrics = { macro_f1: 0.8, macro_f1_low: 0.7, macro_f1_high: 0.9, blocked_cv_macro_f1: 0.7, calibration_error: 0.05, maize_f1: 0.9, bare_soil_f1: 0.5 };

  it("are shown with their interval where there is one", () => {
    expect(figure(metrics, "macro_f1")).toBe("0.800 (0.700 to 0.900)");
    expect(figure(metrics, "calibration_error")).toBe("0.050");
    expect(figure(metrics, "balanced_accuracy")).toBe("–");
  });

  it("name the classes", () => {
    expect(classesOf(metrics)).toEqual(["bare_soil", "maize"]);
  });
});

describe("settings as typed", () => {
  it("are an object, or told to be none", () => {
    expect(parseSettings(" ")).toEqual({ value: {} });
    expect(parseSettings('{"seed": 7}')).toEqual({ value: { seed: 7 } });
    expect(parseSettings("[1]")).toHaveProperty("problem");
    expect(parseSettings("{seed: 7}")).toHaveProperty("problem");
  });
});

it("says bytes shortly", () => {
  expect([0, 999, 1000, 48_213, 250_000_000].map(bytes)).toEqual(["0 B", "999 B", "1.0 kB", "48.2 kB", "250 MB"]);
});
