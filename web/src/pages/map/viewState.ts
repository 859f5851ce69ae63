import { useCallback, useEffect, useState } from "react";

/** What of the map is shown, as far as an address can say it: the permalink. */
export interface ViewState {
  /** Baseline of this year; null: the newest there is. */
  year: number | null;
  /** Shown right of the swipe: a baseline (`y2016`), another map (`m<prediction>`), or nothing. */
  compare: string | null;
  /** Where the swipe is, 0 to 1. */
  swipe: number;
  opacity: number;
  layer: "class" | "confidence" | "clear";
  /** Codes of the map's classes that are not shown. */
  hidden: readonly number[];
  /** Codes of the baseline's classes that are not shown. */
  hiddenBase: readonly number[];
  /** Longitude, latitude, zoom. */
  at: readonly [number, number, number] | null;
}

export const START: ViewState = {
  year: null,
  compare: null,
  swipe: 0.5,
  opacity: 1,
  layer: "class",
  hidden: [],
  hiddenBase: [],
  at: null,
};

const LAYERS: readonly ViewState["layer"][] = ["class", "confidence", "clear"];
const WRITE_MS = 250;

export function readView(search: string): ViewState {
  const query = new URLSearchParams(search);
  const at = numbers(query.get("at"));
  const [lon, lat, zoom] = at;
  const layer = LAYERS.find((one) => one === query.get("layer")) ?? START.layer;
  const compare = query.get("compare");
  return {
    year: whole(query.get("year"), 2015, 2025),
    compare: compare && /^(y\d{4}|m[a-z0-9]{1,32})$/.test(compare) ? compare : null,
    swipe: share(query.get("swipe"), START.swipe),
    opacity: share(query.get("opacity"), START.opacity),
    layer,
    hidden: numbers(query.get("hide")),
    hiddenBase: numbers(query.get("hidebase")),
    at: at.length === 3 && lon !== undefined && lat !== undefined && zoom !== undefined ? [lon, lat, zoom] : null,
  };
}

export function writeView(view: ViewState): string {
  const query = new URLSearchParams();
  if (view.year !== null) query.set("year", String(view.year));
  if (view.compare) query.set("compare", view.compare);
  if (view.compare && view.swipe !== START.swipe) query.set("swipe", view.swipe.toFixed(3));
  if (view.opacity !== START.opacity) query.set("opacity", view.opacity.toFixed(2));
  if (view.layer !== START.layer) query.set("layer", view.layer);
  if (view.hidden.length) query.set("hide", view.hidden.join("."));
  if (view.hiddenBase.length) query.set("hidebase", view.hiddenBase.join("."));
  if (view.at) query.set("at", `${view.at[0].toFixed(5)}_${view.at[1].toFixed(5)}_${view.at[2].toFixed(2)}`);
  return query.toString();
}

/** Numbers between dots (codes) or underscores (places, which have dots of their own). */
function numbers(text: string | null): number[] {
  if (!text) return [];
  const parts = text.includes("_") ? text.split("_") : text.split(".");
  return parts.map(Number).filter(Number.isFinite);
}

function whole(text: string | null, least: number, most: number): number | null {
  const value = Number(text ?? Number.NaN);
  return Number.isInteger(value) && value >= least && value <= most ? value : null;
}

function share(text: string | null, otherwise: number): number {
  const value = Number(text ?? Number.NaN);
  return value >= 0 && value <= 1 ? value : otherwise;
}

/** The view, kept in the address, so that the address can be sent to somebody. */
export function useViewState(): [ViewState, (change: Partial<ViewState>) => void] {
  const [view, setView] = useState(() => readView(window.location.search));
  const change = useCallback((next: Partial<ViewState>) => setView((was) => ({ ...was, ...next })), []);
  useEffect(() => {
    const timer = window.setTimeout(() => {
      const query = writeView(view);
      const path = window.location.pathname + (query ? `?${query}` : "");
      if (path !== window.location.pathname + window.location.search) window.history.replaceState(window.history.state, "", path);
    }, WRITE_MS);
    return () => window.clearTimeout(timer);
  }, [view]);
  return [view, change];
}
