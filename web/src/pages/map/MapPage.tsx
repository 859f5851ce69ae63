import { useQuery } from "@tanstack/react-query";
import { Layers, LocateFixed, Minus, Plus } from "lucide-react";
import { Popover, Tabs } from "radix-ui";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import "ol/ol.css";
import "./map.css";
import { askToLogIn, useSession } from "../../api/auth";
import { baselinesQuery, tilejsonQuery, useAoi, useMyMaps, usePrediction, type ClassEntry, type Geometry } from "../../api/hooks";
import type { Schemas } from "../../api/client";
import { config } from "../../lib/config";
import { firstSeason, harvestYear } from "../../lib/seasons";
import { Button, IconButton } from "../../ui/Button";
import { Empty, Notice, ProblemNotice, Spinner } from "../../ui/Notice";
import { AskPanel, type Aoi } from "./AskPanel";
import { SPAN, type Place } from "./gazetteer";
import type { Raster } from "./layers";
import { Legend } from "./Legend";
import { boundsOf, unionOf, type Bounds, type LonLat, type MapView, type Tool } from "./MapView";
import { MyMaps } from "./MyMaps";
import { drawPicture } from "./picture";
import { PixelPanel } from "./PixelPanel";
import { ResultPanel } from "./ResultPanel";
import { Sheet } from "./Sheet";
import { Swipe } from "./Swipe";
import { pixelOf } from "./tiles";
import { Timeline } from "./Timeline";
import { useMapView } from "./useMapView";
import { useViewState, type ViewState } from "./viewState";

type Baseline = Schemas["Baseline"];

const NOTHING: ReadonlySet<number> = new Set();
const NO_BASELINES: [] = [];
const PHONE = "(max-width: 760px)";
/** Width that the panel covers, in pixels (map.css). */
const PANEL = 424;
/** On a phone: what the timeline covers above, and the share of the height that the panel may take. */
const TOP_ON_PHONE = 104;
const SHEET_SHARE = 0.56;
const BANDS: Record<ViewState["layer"], number> = { class: 1, confidence: 2, clear: 3 };

/** The map: baselines for everybody, and the maps that a user has had made. */
export default function MapPage({ id }: { id: string | null }) {
  const [, navigate] = useLocation();
  const [view, change] = useViewState();
  const [aoi, setAoi] = useState<Aoi | null>(null);
  const [tool, setTool] = useState<Tool>(null);
  const [drawing, setDrawing] = useState<number | null>(null);
  const [season, setSeason] = useState(() => firstSeason(config.defaultSeason, new Date()));
  const [clicked, setClicked] = useState<{ id: string; at: LonLat } | null>(null);
  const pixel = clicked && clicked.id === id ? clicked.at : null;
  const target = useRef<HTMLDivElement>(null);

  const map = useMapView(target, {
    onDrawn: (area) => {
      setTool(null);
      setAoi((was) => ({ area, name: was?.name ?? null }));
    },
    onDrawing: (squareMetres) => setDrawing(squareMetres === null ? null : squareMetres / 10_000),
    onClick: (at) => id && prediction?.result && setClicked({ id, at }),
    onMoved: ([lon, lat], zoom) => change({ at: [lon, lat, zoom] }),
  });

  const baselines = useQuery(baselinesQuery);
  const found = baselines.data?.baselines ?? NO_BASELINES;
  const years = useMemo(() => found.filter((one) => one.available).map((one) => one.year), [found]);
  const predicted = usePrediction(id);
  const prediction = id ? predicted.data : undefined;
  const year = view.year !== null && years.includes(view.year) ? view.year : yearFor(years, prediction?.season);
  const rasters = useRasters({ view, year, found, id, prediction });
  const kept = useAoi(prediction?.aoi.id ?? null);

  useFirstView(map, view, found);
  useShownArea(map, id, aoi, kept.data?.geometry as Geometry | undefined, prediction?.aoi.bbox);
  useEffect(() => map?.setTool(tool), [map, tool]);
  useEffect(() => {
    const stop = (event: KeyboardEvent) => event.key === "Escape" && setTool(null);
    if (tool) document.addEventListener("keydown", stop);
    return () => document.removeEventListener("keydown", stop);
  }, [tool]);
  useEffect(() => map?.setMark(pixel), [map, pixel]);
  useEffect(() => map?.setRasters(rasters), [map, rasters]);
  useEffect(() => map?.setSwipe(view.compare ? view.swipe : null), [map, view.compare, view.swipe]);
  useEffect(() => {
    document.title = prediction ? `${prediction.aoi.name ?? "Crop map"}, ${prediction.season} · GeoCrop` : "GeoCrop";
  }, [prediction]);

  const compareWith = (next: Partial<ViewState>) =>
    change(next.compare && !view.compare ? { ...next, swipe: middleOfSight() } : next);
  const start = (started: string) => {
    setTool(null);
    change({ compare: null, hidden: [], layer: "class", opacity: 1 });
    navigate(`/maps/${started}`);
  };
  const goTo = (place: Place) => map?.fit(around(place), { maxZoom: 14 });
  const names = useCompareNames(view, year, prediction);
  const ready = prediction?.result ?? null;

  return (
    <main id="main" tabIndex={-1} className="map-page">
      <h1 className="visually-hidden">Map of Zimbabwe</h1>
      {/* A map has to be moved by arrow keys, so it takes the focus. */}
      <div
        ref={target}
        className="map"
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="application"
        aria-label="Map: move it with the arrow keys, zoom with plus and minus"
        data-drawing={tool !== null}
        data-testid="map"
      />
      {names && <Swipe at={view.swipe} left={names[0]} right={names[1]} onMove={(swipe) => change({ swipe })} />}
      <Controls
        map={map}
        view={view}
        change={change}
        home={ready && prediction ? (prediction.aoi.bbox as Bounds) : homeOf(found)}
        classes={id && ready ? [] : (baselines.data?.classes ?? [])}
      />
      <Sheet drawing={tool !== null} onStop={() => setTool(null)}>
        {id ? (
          <ResultSide id={id} predicted={predicted}>
            {prediction && (
              <>
                <ResultPanel
                  prediction={prediction}
                  view={view}
                  onView={compareWith}
                  years={years}
                  onPicture={async () => (map ? drawPicture(map, prediction, view) : null)}
                />
                {pixel && ready && <PixelPanel id={prediction.id} at={pixel} onClose={() => setClicked(null)} />}
              </>
            )}
          </ResultSide>
        ) : (
          <Tabs.Root defaultValue="new" className="stack">
            <Tabs.List className="tabs" aria-label="Panel">
              <Tabs.Trigger value="new" className="tab">New map</Tabs.Trigger>
              <Tabs.Trigger value="mine" className="tab">My maps</Tabs.Trigger>
            </Tabs.List>
            <Tabs.Content value="new">
              <AskPanel
                aoi={aoi}
                onAoi={setAoi}
                tool={tool}
                onTool={setTool}
                drawing={drawing}
                onUndo={() => map?.removeLastPoint()}
                onPlace={goTo}
                onView={() => map?.bounds() ?? null}
                onUploaded={(area) => map?.fit(boundsOf(area))}
                season={season}
                onSeason={setSeason}
                onStarted={start}
              />
            </Tabs.Content>
            <Tabs.Content value="mine">
              <MyMaps />
            </Tabs.Content>
          </Tabs.Root>
        )}
      </Sheet>
      <div className="map-foot">
        {baselines.error && <ProblemNotice error={baselines.error} />}
        {baselines.data && years.length === 0 && (
          <Notice title="No baseline yet">An administrator uploads the Dynamic World years; crop maps can be made without them.</Notice>
        )}
        {year !== null && !(ready && view.compare?.startsWith("m")) && (
          <Timeline
            baselines={found}
            year={year}
            onYear={(next) => change({ year: next })}
            {...(ready
              ? {}
              : {
                  compare: view.compare?.startsWith("y") ? Number(view.compare.slice(1)) : null,
                  onCompare: (other: number | null) => compareWith({ compare: other === null ? null : `y${other}` }),
                })}
          />
        )}
      </div>
    </main>
  );
}

/** The newest year there is, or the one in which a season's crops stand. */
function yearFor(years: readonly number[], season: string | undefined): number | null {
  const newest = years[years.length - 1] ?? null;
  if (!season) return newest;
  const wanted = harvestYear(season);
  return years.includes(wanted) ? wanted : newest;
}

function around(place: Place): Bounds {
  const half = SPAN[place.kind] / 2;
  return [place.lon - half, place.lat - half, place.lon + half, place.lat + half];
}

function homeOf(found: readonly Baseline[]): Bounds | null {
  const bounds = found.flatMap((one) => (one.bounds ? [one.bounds as Bounds] : []));
  return unionOf(bounds) ?? (config.extent as Bounds | null);
}

/** Go where the permalink says, else to the baselines: once. */
function useFirstView(
  map: MapView | null,
  view: ViewState,
  found: readonly Baseline[],
): void {
  const [first] = useState(view.at);
  const went = useRef<MapView | null>(null);
  useEffect(() => {
    if (!map || went.current === map) return;
    setPadding(map);
    if (first) map.goTo([first[0], first[1]], first[2]);
    else if (found.length === 0) return;
    else {
      const home = homeOf(found);
      if (home) map.fit(home, { animate: false });
    }
    went.current = map;
  }, [map, first, found]);
}

/** Where the middle of what no panel covers is, as a share of the width. */
function middleOfSight(): number {
  return window.matchMedia(PHONE).matches ? 0.5 : (PANEL + window.innerWidth) / 2 / window.innerWidth;
}

function setPadding(map: MapView): void {
  const phone = window.matchMedia(PHONE).matches;
  map.setPadding(phone ? [TOP_ON_PHONE, 24, window.innerHeight * SHEET_SHARE + 16, 24] : [40, 70, 150, PANEL + 26]);
}

/** Outline what is being asked for, or what the map shown is of; fit the latter when it opens. */
function useShownArea(
  map: MapView | null,
  id: string | null,
  aoi: Aoi | null,
  kept: Geometry | undefined,
  bbox: readonly number[] | undefined,
): void {
  const fitted = useRef<string | null>(null);
  useEffect(() => {
    if (!map) return;
    if (id) map.setAoi(kept ?? null, false);
    else map.setAoi(aoi?.area ?? null, true);
  }, [map, id, aoi, kept]);
  useEffect(() => {
    if (!map || !id || !bbox || fitted.current === id) return;
    const linked = fitted.current === null && new URLSearchParams(window.location.search).has("at");
    fitted.current = id;
    setPadding(map);
    if (!linked || !map.sees(bbox as unknown as Bounds)) map.fit(bbox as unknown as Bounds);
  }, [map, id, bbox]);
}

interface Shown {
  view: ViewState;
  year: number | null;
  found: readonly Baseline[];
  id: string | null;
  prediction: ReturnType<typeof usePrediction>["data"];
}

/** The pictures that are to be shown, as far as their addresses are known. */
function useRasters({ view, year, found, id, prediction }: Shown): Raster[] {
  const result = id ? prediction?.result : undefined;
  const addressOf = (wanted: number | null) => found.find((one) => one.year === wanted)?.tilejson ?? null;
  const maps = useMyMaps();
  const otherYear = view.compare?.startsWith("y") ? Number(view.compare.slice(1)) : null;
  const otherMap = view.compare?.startsWith("m") ? maps.data?.items.find((one) => one.id === view.compare?.slice(1)) : undefined;
  const band = (address: string | null | undefined) =>
    address && view.layer !== "class" ? `${address}&bidx=${BANDS[view.layer]}` : (address ?? null);
  const base = useQuery(tilejsonQuery(addressOf(year))).data;
  const crop = useQuery(tilejsonQuery(band(result?.tilejson))).data;
  const rightAddress = otherYear ? addressOf(otherYear) : id ? band(otherMap?.result?.tilejson) : null;
  const right = useQuery(tilejsonQuery(rightAddress)).data;
  return useMemo(() => {
    const colors = (classes: readonly { code: number; color: string }[], codes: readonly number[]) =>
      codes.length ? new Set(classes.filter((one) => codes.includes(one.code)).map((one) => pixelOf(one.color))) : NOTHING;
    const hidden = view.layer === "class" && result ? colors(result.legend, view.hidden) : NOTHING;
    const hiddenBase = base ? colors(base.classes, view.hiddenBase) : NOTHING;
    const all: Raster[] = [];
    if (base) {
      const muted = Boolean(crop);
      all.push({ slot: "base", key: base.tiles[0] ?? "", tilejson: base, opacity: muted ? 0.55 : 1, hidden: hiddenBase, muted });
    }
    if (crop) all.push({ slot: "map", key: crop.tiles[0] ?? "", tilejson: crop, opacity: view.opacity, hidden, muted: false });
    if (right) {
      all.push({
        slot: "right",
        key: right.tiles[0] ?? "",
        tilejson: right,
        opacity: otherYear ? 1 : view.opacity,
        hidden: otherYear ? hiddenBase : hidden,
        muted: false,
      });
    }
    return all;
  }, [base, crop, right, otherYear, result, view.hidden, view.hiddenBase, view.layer, view.opacity]);
}

/** What stands left and right of the swipe. */
function useCompareNames(
  view: ViewState,
  year: number | null,
  prediction: ReturnType<typeof usePrediction>["data"],
): [string, string] | null {
  const maps = useMyMaps();
  // A map is compared with others of its area; without one, only years can be.
  if (!view.compare || (view.compare.startsWith("m") && !prediction)) return null;
  const left = prediction?.result ? `${prediction.season}, model ${prediction.result.model_version}` : String(year);
  if (view.compare.startsWith("y")) return [left, prediction?.result ? `Baseline ${view.compare.slice(1)}` : view.compare.slice(1)];
  const other = maps.data?.items.find((one) => one.id === view.compare?.slice(1));
  return other ? [left, `${other.season}, model ${other.result?.model_version ?? "?"}`] : null;
}

function ResultSide({
  id,
  predicted,
  children,
}: {
  id: string;
  predicted: ReturnType<typeof usePrediction>;
  children: React.ReactNode;
}) {
  const user = useSession();
  const [, navigate] = useLocation();
  if (!user) {
    return (
      <Empty icon={<Layers aria-hidden />} title="This map is somebody's own">
        <p>Log in with the account that it was made for.</p>
        <Button kind="primary" onClick={() => askToLogIn("Log in to see this map.")}>
          Log in
        </Button>
      </Empty>
    );
  }
  if (predicted.error) {
    return (
      <div className="stack">
        <ProblemNotice error={predicted.error} />
        <Button onClick={() => navigate("/")}>Back to a new map</Button>
      </div>
    );
  }
  if (!predicted.data) return <Spinner label="Opening the map…" />;
  return (
    <div className="stack" key={id}>
      {children}
    </div>
  );
}

interface ControlsProps {
  map: MapView | null;
  view: ViewState;
  change: (next: Partial<ViewState>) => void;
  home: Bounds | null;
  classes: readonly ClassEntry[];
}

function Controls({ map, view, change, home, classes }: ControlsProps) {
  const [basemap, setBasemap] = useState(-1);
  const choose = useCallback(
    (index: number) => {
      setBasemap(index);
      map?.setBasemap(config.basemaps[index] ?? null);
    },
    [map],
  );
  return (
    <div className="controls" role="group" aria-label="Map controls">
      <IconButton label="Zoom in" onClick={() => map?.zoomBy(1)}>
        <Plus aria-hidden />
      </IconButton>
      <IconButton label="Zoom out" onClick={() => map?.zoomBy(-1)}>
        <Minus aria-hidden />
      </IconButton>
      <IconButton label="Show all of it" disabled={!home} onClick={() => home && map?.fit(home)}>
        <LocateFixed aria-hidden />
      </IconButton>
      {(classes.length > 0 || config.basemaps.length > 0) && (
        <Popover.Root>
          <Popover.Trigger asChild>
            <button type="button" className="icon-button" aria-label="Legend and layers" title="Legend and layers">
              <Layers aria-hidden />
            </button>
          </Popover.Trigger>
          <Popover.Portal>
            <Popover.Content className="menu layers-menu" side="left" align="start" sideOffset={10} collisionPadding={12}>
              {classes.length > 0 && (
                <Legend
                  title="Baseline"
                  classes={classes}
                  hidden={view.hiddenBase}
                  onHidden={(hiddenBase) => change({ hiddenBase })}
                />
              )}
              {config.basemaps.length > 0 && (
                <fieldset className="legend">
                  <legend>Base map</legend>
                  {[{ title: "None" }, ...config.basemaps].map((one, i) => (
                    <label key={one.title}>
                      <input type="radio" name="basemap" checked={basemap === i - 1} onChange={() => choose(i - 1)} /> {one.title}
                    </label>
                  ))}
                </fieldset>
              )}
            </Popover.Content>
          </Popover.Portal>
        </Popover.Root>
      )}
    </div>
  );
}
