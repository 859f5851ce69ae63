import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Pentagon, Square, Trash2, Upload, X } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { askToLogIn, useSession } from "../../api/auth";
import { estimate, useMe, useSubmit, type Geometry } from "../../api/hooks";
import { config } from "../../lib/config";
import { count, duration, hectares } from "../../lib/format";
import { seasons } from "../../lib/seasons";
import { Button, IconButton } from "../../ui/Button";
import { Notice, ProblemNotice } from "../../ui/Notice";
import { areaHa, boxOf, type Bounds, type Tool } from "./MapView";
import { PlaceSearch } from "./PlaceSearch";
import { ACCEPTED, readArea, UnreadableFile } from "./readArea";
import type { Place } from "./gazetteer";

export interface Aoi {
  area: Geometry;
  name: string | null;
}

interface Props {
  aoi: Aoi | null;
  onAoi: (aoi: Aoi | null) => void;
  tool: Tool;
  onTool: (tool: Tool) => void;
  /** Hectares of what is being drawn. */
  drawing: number | null;
  onUndo: () => void;
  onPlace: (place: Place) => void;
  onView: () => Bounds | null;
  onUploaded: (area: Geometry) => void;
  season: string;
  onSeason: (season: string) => void;
  onStarted: (id: string) => void;
}

/** Where, when, what it would take, and the button. */
export function AskPanel(props: Props) {
  const { aoi, season, onSeason } = props;
  const me = useMe();
  const limit = me.data?.max_aoi_ha ?? config.recruiterMaxAoiHa;
  const size = props.drawing ?? (aoi ? areaHa(aoi.area) : null);
  return (
    <div className="stack ask">
      <div className="stack-tight">
        <h1>Have a crop map made</h1>
        <p className="muted">Choose an area and a season. The baseline below is there at once.</p>
      </div>
      <Step number={1} title="Where">
        <Where {...props} size={size} limit={limit} />
      </Step>
      <Step number={2} title="When">
        <div className="field">
          <label htmlFor="season">Season, 1 September to 31 August</label>
          <select id="season" className="select" value={season} onChange={(event) => onSeason(event.target.value)}>
            {seasons(new Date()).map((one) => (
              <option key={one} value={one}>
                {one.replace("-", " – ")}
              </option>
            ))}
          </select>
        </div>
      </Step>
      <Step number={3} title="Make the map">
        <Make {...props} tooLarge={size !== null && size > limit} />
      </Step>
    </div>
  );
}

function Step({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <section className="step" aria-labelledby={`step-${number}`}>
      <h2 id={`step-${number}`}>
        <span className="step-number" aria-hidden>
          {number}
        </span>
        {title}
      </h2>
      {children}
    </section>
  );
}

function Where(props: Props & { size: number | null; limit: number }) {
  const { aoi, onAoi, tool, onTool, size, limit } = props;
  return (
    <div className="stack">
      <PlaceSearch onChoose={props.onPlace} />
      <div className="tools" role="group" aria-label="Ways to choose an area">
        <Button aria-pressed={tool === "rectangle"} onClick={() => onTool(tool === "rectangle" ? null : "rectangle")}>
          <Square aria-hidden /> Rectangle
        </Button>
        <Button aria-pressed={tool === "polygon"} onClick={() => onTool(tool === "polygon" ? null : "polygon")}>
          <Pentagon aria-hidden /> Polygon
        </Button>
        <UploadButton onRead={(read) => (onAoi(read), props.onUploaded(read.area))} />
      </div>
      {tool && (
        <Notice>
          {tool === "rectangle"
            ? "Click one corner on the map, then the opposite one."
            : "Click corner after corner on the map; click the first one again to end."}
          <span className="row">
            {tool === "polygon" && (
              <Button small kind="quiet" onClick={props.onUndo}>
                Undo a corner
              </Button>
            )}
            <Button small kind="quiet" onClick={() => onTool(null)}>
              <X aria-hidden /> Stop drawing
            </Button>
          </span>
        </Notice>
      )}
      {size !== null && <Size size={size} limit={limit} />}
      {aoi && (
        <div className="row">
          <div className="field grow">
            <label htmlFor="aoi-name" className="visually-hidden">
              Name of the area
            </label>
            <input
              id="aoi-name"
              className="input"
              maxLength={120}
              placeholder="Name it, if you like"
              value={aoi.name ?? ""}
              onChange={(event) => onAoi({ ...aoi, name: event.target.value || null })}
            />
          </div>
          <IconButton label="Remove the area" onClick={() => onAoi(null)}>
            <Trash2 aria-hidden />
          </IconButton>
        </div>
      )}
      <Corners {...props} />
    </div>
  );
}

function Size({ size, limit }: { size: number; limit: number }) {
  const over = size > limit;
  return (
    <div className="stack-tight" role="status">
      <div className="row-between small numbers">
        <span>
          <strong>{hectares(size)}</strong>
        </span>
        <span className={over ? "field-error" : "muted"}>
          {over ? "too large: " : ""}limit {hectares(limit)}
        </span>
      </div>
      <div className={over ? "meter meter-over" : "meter"} aria-hidden>
        <div style={{ width: `${Math.max(1.5, Math.min(100, (size / limit) * 100))}%` }} />
      </div>
    </div>
  );
}

/** The same without a pointer: the rectangle in degrees. */
function Corners({ onAoi, onUploaded, onView }: Props) {
  const [corners, setCorners] = useState(["", "", "", ""]);
  const [west, south, east, north] = corners.map((one) => Number.parseFloat(one));
  const bounds = [west, south, east, north];
  const right = bounds.every((one) => Number.isFinite(one)) && (west ?? 0) < (east ?? 0) && (south ?? 0) < (north ?? 0);
  const use = () => {
    const area = boxOf(bounds as unknown as Bounds);
    onAoi({ area, name: null });
    onUploaded(area);
  };
  const fill = () => {
    const seen = onView();
    if (!seen) return;
    const [w, s, e, n] = seen;
    const inset = [w + (e - w) / 4, s + (n - s) / 4, e - (e - w) / 4, n - (n - s) / 4];
    setCorners(inset.map((one) => one.toFixed(5)));
  };
  return (
    <details className="details">
      <summary>Type the corners</summary>
      <div className="corners">
        {["West", "South", "East", "North"].map((name, i) => (
          <div className="field" key={name}>
            <label htmlFor={`corner-${i}`}>{name} (°)</label>
            <input
              id={`corner-${i}`}
              className="input numbers"
              inputMode="decimal"
              value={corners[i]}
              onChange={(event) => setCorners(corners.map((was, at) => (at === i ? event.target.value : was)))}
            />
          </div>
        ))}
        <Button small onClick={fill}>
          Middle of the view
        </Button>
        <Button small kind="primary" disabled={!right} onClick={use}>
          Use these
        </Button>
      </div>
    </details>
  );
}

function UploadButton({ onRead }: { onRead: (read: Aoi) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const read = async (file: File | undefined) => {
    if (!file) return;
    setProblem(null);
    try {
      const { area, name } = await readArea(file);
      onRead({ area, name });
    } catch (error) {
      setProblem(error instanceof UnreadableFile ? error.message : "The file could not be read.");
    }
  };
  return (
    <>
      <Button onClick={() => input.current?.click()}>
        <Upload aria-hidden /> Upload
      </Button>
      <input
        ref={input}
        type="file"
        className="visually-hidden"
        tabIndex={-1}
        aria-label="GeoJSON, KML or zipped shapefile"
        accept={ACCEPTED}
        onChange={(event) => {
          void read(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
      {problem && (
        <div className="tools-wide">
          <Notice tone="bad">{problem}</Notice>
        </div>
      )}
    </>
  );
}

function Make({ aoi, season, onStarted, tooLarge }: Props & { tooLarge: boolean }) {
  const user = useSession();
  const submit = useSubmit();
  const wanted = aoi && { geometry: aoi.area, name: aoi.name?.trim() || null, season };
  const estimated = useQuery({
    queryKey: ["estimate", user?.name, wanted?.geometry, season],
    queryFn: ({ signal }) => (wanted ? estimate(wanted, signal) : null),
    enabled: wanted !== null && user !== null && !tooLarge,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: false,
  });
  if (!wanted) return <p className="muted small">Choose an area first.</p>;
  if (tooLarge) return <Notice tone="warn">Draw a smaller area, or cut it into several.</Notice>;
  if (!user) {
    return (
      <div className="stack">
        <p className="muted small">Maps are made for those who have an account; looking at baselines needs none.</p>
        <Button kind="primary" wide onClick={() => askToLogIn("Log in to see what this map would take, and to have it made.")}>
          Log in to go on
        </Button>
      </div>
    );
  }
  const left = estimated.data?.quota.left;
  const spent = left === 0 && estimated.data?.costs !== 0;
  const start = () => submit.mutate(wanted, { onSuccess: (started) => onStarted(started.id) });
  return (
    <div className="stack">
      {estimated.error ? (
        <ProblemNotice error={estimated.error} />
      ) : (
        <Estimate data={estimated.data ?? null} busy={estimated.isFetching} />
      )}
      {spent && (
        <Notice tone="warn" title="No map is left in your account">
          An administrator can give you more. Maps that are there already still open.
        </Notice>
      )}
      {submit.error && <ProblemNotice error={submit.error} />}
      <Button
        kind="primary"
        wide
        disabled={submit.isPending || estimated.data == null || estimated.data.scenes === 0 || spent || estimated.isError}
        onClick={start}
      >
        {submit.isPending ? "Asking…" : estimated.data?.state === "ready" ? "Open the map" : "Make the map"}
      </Button>
    </div>
  );
}

type EstimateData = Awaited<ReturnType<typeof estimate>>;

function Estimate({ data, busy }: { data: EstimateData | null; busy: boolean }) {
  if (!data) return <div className="skeleton" style={{ height: 66 }} role="status" aria-label="Estimating" />;
  if (data.state === "ready") return <Notice tone="good">This map is there already: it opens at once and costs nothing.</Notice>;
  if (data.state === "in flight") return <Notice tone="good">This map is being made right now; join in for nothing.</Notice>;
  if (data.scenes === 0) return <Notice tone="warn">There are no satellite scenes of this place and season: choose another season.</Notice>;
  return (
    <dl className="facts" aria-busy={busy}>
      <div>
        <dt>Scenes</dt>
        <dd title={data.scenes_reason ?? undefined}>{data.scenes === null ? "not known" : count(data.scenes)}</dd>
      </div>
      <div>
        <dt>Takes</dt>
        <dd title={data.expected_reason ?? undefined}>
          {data.expected_seconds === null ? "not known yet" : duration(data.expected_seconds)}
        </dd>
      </div>
      <div>
        <dt>Costs</dt>
        <dd>
          {data.costs === 0 ? "nothing" : `${data.costs} of ${data.quota.left ?? "any number"} left`}
        </dd>
      </div>
    </dl>
  );
}
