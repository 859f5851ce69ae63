import type { Schemas } from "../../api/client";

type PlatformEvent = Schemas["EventView"];

/** Events that the page keeps. */
export const MAX_EVENTS = 200;

/** Events without doubles, the newest first. */
export function newestOf(events: readonly PlatformEvent[]): PlatformEvent[] {
  const byId = new Map(events.map((one) => [one.id, one]));
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, MAX_EVENTS);
}

export interface Report {
  classes: string[];
  /** Counts, truth down, prediction across. */
  confusion: number[][];
  method: string;
  warnings: string[];
}

/** Read what a training wrote as report.json; null where it is not what we know. */
export function readReport(raw: unknown): Report | null {
  const told = raw as Partial<Report> | null;
  if (!told || !Array.isArray(told.classes) || !Array.isArray(told.confusion)) return null;
  if (told.confusion.length !== told.classes.length) return null;
  return { classes: told.classes, confusion: told.confusion, method: told.method ?? "", warnings: told.warnings ?? [] };
}

/** The share of a truth's samples that each class was predicted for; 0 for a class without samples. */
export function sharesOf(confusion: readonly (readonly number[])[]): number[][] {
  return confusion.map((row) => {
    const all = row.reduce((sum, one) => sum + one, 0);
    return row.map((one) => (all === 0 ? 0 : one / all));
  });
}

export interface Measure {
  name: string;
  title: string;
  /** Whether less of it is better. */
  lessIsBetter: boolean;
}

export const MEASURES: readonly Measure[] = [
  { name: "macro_f1", title: "Macro F1", lessIsBetter: false },
  { name: "overall_accuracy", title: "Overall accuracy", lessIsBetter: false },
  { name: "balanced_accuracy", title: "Balanced accuracy", lessIsBetter: false },
  { name: "calibration_error", title: "Calibration error", lessIsBetter: true },
];

/** A metric with its interval: "0.812 (0.780 to 0.841)". */
export function figure(metrics: Readonly<Record<string, number>>, name: string): string {
  const value = metrics[name];
  if (value === undefined) return "–";
  const low = metrics[`${name}_low`];
  const high = metrics[`${name}_high`];
  return low === undefined || high === undefined
    ? value.toFixed(3)
    : `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}

/** Per-class F1 names of a version: "maize_f1" -> "maize". */
export function classesOf(metrics: Readonly<Record<string, number>>): string[] {
  return Object.keys(metrics)
    .filter((name) => name.endsWith("_f1") && !name.endsWith("macro_f1"))
    .map((name) => name.slice(0, -"_f1".length))
    .sort();
}

export type Tone = "good" | "warn" | "bad" | "info";

/** What an event says, for people. */
export function sentenceOf({ type, data }: PlatformEvent): { tone: Tone; text: string; detail?: string } {
  const text = (name: string): string => (data[name] === null || data[name] === undefined ? "?" : String(data[name]));
  const score = typeof data.macro_f1 === "number" ? `, macro F1 ${data.macro_f1.toFixed(3)}` : "";
  const model = `version ${text("model_version")} (${text("dataset_version")}, ${text("variant")})`;
  switch (type) {
    case "training_finished":
      return {
        tone: data.gate === "passed" ? "good" : "warn",
        text: `Trained ${model}${score}: the gate ${data.gate === "passed" ? "lets it pass" : "refuses it"}.`,
      };
    case "gate_refused":
      return { tone: "warn", text: `The gate refused ${model}.`, detail: text("reason") };
    case "promoted":
      return {
        tone: "good",
        text: `Version ${text("model_version")} makes the maps now (before: ${data.previous_version ?? "none"}).`,
        detail: data.reason ? `${text("by")}: ${text("reason")}` : undefined,
      };
    case "accuracy_low":
      return { tone: "bad", text: `Accuracy of ${model} is below ${text("bound")}${score}.` };
    case "accuracy_high":
      return { tone: "warn", text: `Accuracy of ${model} is above ${text("bound")}${score}: too good to be true?` };
    case "model_too_old":
      return { tone: "warn", text: `The champion, version ${text("model_version")}, was trained longer ago than its watch allows.` };
    case "run_failed":
      return {
        tone: "bad",
        text: `A run of ${text("job")} failed${data.partition ? ` (${text("partition")})` : ""}${data.will_retry ? "; it is tried again" : ""}.`,
        detail: data.reason ? text("reason") : undefined,
      };
    case "dataset_prepared":
      return { tone: "good", text: `Dataset ${text("dataset_version")} is prepared.` };
    default:
      return { tone: "info", text: type.replaceAll("_", " ") };
  }
}

/** Hyperparameters as typed: an object, or why it is none. */
export function parseSettings(text: string): { value: Record<string, unknown> } | { problem: string } {
  if (text.trim() === "") return { value: {} };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { value: value as Record<string, unknown> };
    return { problem: "Write an object, such as {\"seed\": 7}." };
  } catch (error) {
    return { problem: `This is not JSON: ${error instanceof Error ? error.message : "it cannot be read"}` };
  }
}

/** Bytes for people. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const shown = value / 1000 ** power;
  return `${power === 0 || shown >= 100 ? shown.toFixed(0) : shown.toFixed(1)} ${units[power] ?? "B"}`;
}
