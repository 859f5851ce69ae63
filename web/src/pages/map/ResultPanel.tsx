import { ArrowLeft, Link2, Table2 } from "lucide-react";
import { Tabs } from "radix-ui";
import { useState } from "react";
import { Link } from "wouter";
import { useCancel, useMyMaps, type MapResult, type Prediction } from "../../api/hooks";
import { between, hectares, percent } from "../../lib/format";
import { Button, IconButton } from "../../ui/Button";
import { Notice, ProblemNotice } from "../../ui/Notice";
import { Slider } from "../../ui/Slider";
import { Downloads } from "./Downloads";
import { Ramp, toggled } from "./Legend";
import { StateBadge } from "./MyMaps";
import type { ViewState } from "./viewState";

interface Props {
  prediction: Prediction;
  view: ViewState;
  onView: (change: Partial<ViewState>) => void;
  years: readonly number[];
  onPicture: () => Promise<Blob | null>;
}

/** One map: how far it is, and then what it shows. */
export function ResultPanel({ prediction, view, onView, years, onPicture }: Props) {
  const { aoi, season, result, state } = prediction;
  return (
    <div className="stack">
      <div className="result-head">
        <Link href="/" className="icon-button" aria-label="Back to a new map">
          <ArrowLeft aria-hidden />
        </Link>
        <div className="grow">
          <h1 className="one-line">{aoi.name ?? "Unnamed area"}</h1>
          <p className="muted small numbers">
            Season {season} · {hectares(aoi.area_ha)}
          </p>
        </div>
        {state !== "ready" && <StateBadge state={state} />}
        <CopyLink />
      </div>
      {result?.simulated && (
        <Notice tone="warn" title="Simulated">
          Made of simulated scenes: nothing here was observed.
        </Notice>
      )}
      {result ? (
        <Ready prediction={prediction} result={result} view={view} onView={onView} years={years} onPicture={onPicture} />
      ) : (
        <InTheMaking prediction={prediction} />
      )}
    </div>
  );
}

function CopyLink() {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(window.location.href);
    setCopied(true);
    window.setTimeout(() => setCopied(false), 2_000);
  };
  if (!navigator.clipboard) return null; // without https a page may not write there; the address bar has it too
  return (
    <>
      <IconButton label="Copy the link to this view" onClick={() => void copy()}>
        <Link2 aria-hidden />
      </IconButton>
      <span className="visually-hidden" role="status">
        {copied ? "The link was copied." : ""}
      </span>
    </>
  );
}

function InTheMaking({ prediction }: { prediction: Prediction }) {
  const cancel = useCancel();
  const { state, progress, step, position, reason } = prediction;
  if (state === "failed") {
    return (
      <Notice tone="bad" title="The map could not be made">
        <p>{reason ?? "The platform gave no reason."}</p>
        <Link href="/">Choose another area or season</Link>
      </Notice>
    );
  }
  if (state === "cancelled") {
    return (
      <Notice title="The map was cancelled">
        <Link href="/">Ask for another one</Link>
      </Notice>
    );
  }
  const words = state === "queued" ? waiting(position, reason) : (step ?? "starting");
  return (
    <div className="stack">
      <div className="stack-tight">
        <p className="row-between">
          <strong className="capital" role="status">
            {words}
          </strong>
          <span className="numbers muted">{Math.round(progress)} %</span>
        </p>
        <div
          className="progress"
          role="progressbar"
          aria-label="Progress of the map"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(progress)}
        >
          <div style={{ width: `${Math.max(2, progress)}%` }} />
        </div>
      </div>
      <p className="muted small">
        Meanwhile you see the Dynamic World baseline. You may close this page: the map will be under “My maps”.
      </p>
      {cancel.error && <ProblemNotice error={cancel.error} />}
      <div>
        <Button small disabled={cancel.isPending || prediction.cancelling} onClick={() => cancel.mutate(prediction.id)}>
          {prediction.cancelling ? "Being cancelled…" : "Cancel"}
        </Button>
      </div>
    </div>
  );
}

function waiting(position: number | null, reason: string | null): string {
  if (reason) return reason;
  return position && position > 1 ? `waiting, ${position - 1} before this one` : "waiting for its turn";
}

function Ready(props: Props & { result: MapResult }) {
  return (
    <Tabs.Root defaultValue="areas" className="stack">
      <Tabs.List className="tabs" aria-label="About this map">
        <Tabs.Trigger value="areas" className="tab">Areas</Tabs.Trigger>
        <Tabs.Trigger value="show" className="tab">Compare</Tabs.Trigger>
        <Tabs.Trigger value="files" className="tab">Download</Tabs.Trigger>
      </Tabs.List>
      <Tabs.Content value="areas" className="stack">
        <Areas {...props} />
      </Tabs.Content>
      <Tabs.Content value="show" className="stack">
        <Show {...props} />
      </Tabs.Content>
      <Tabs.Content value="files" className="stack">
        <Downloads {...props} />
      </Tabs.Content>
    </Tabs.Root>
  );
}

/** Legend, table and chart in one: each class with its colour, switch, hectares, share and confidence. */
function Areas({ result, view, onView }: Props & { result: MapResult }) {
  const largest = Math.max(...result.areas.map((one) => one.share), 1e-9);
  return (
    <>
      <table className="areas">
        <caption className="visually-hidden">Area by class</caption>
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col" className="right">Area</th>
            <th scope="col" className="right">Share</th>
            <th scope="col" className="right" title="Mean confidence of the model in per cent">Conf.</th>
          </tr>
        </thead>
        <tbody>
          {result.areas.map((one) => (
            <tr key={one.code} data-hidden={view.hidden.includes(one.code)}>
              <th scope="row">
                <label>
                  <input
                    type="checkbox"
                    className="checkbox"
                    checked={!view.hidden.includes(one.code)}
                    aria-label={`Show ${one.title}`}
                    onChange={() => onView({ hidden: toggled(view.hidden, one.code) })}
                  />
                  <span className="swatch" style={{ background: one.color }} aria-hidden />
                  {one.title}
                </label>
                <span className="bar" aria-hidden>
                  <span style={{ width: `${(one.share / largest) * 100}%`, background: one.color }} />
                </span>
              </th>
              <td className="right">
                {hectares(one.hectares)}
                {one.interval && (
                  <span className="muted small interval" title="95 % interval, if the model errs here as on its test places">
                    {between(one.interval.low, one.interval.high)}
                  </span>
                )}
              </td>
              <td className="right">{percent(one.share)}</td>
              <td className="right">{Math.round(one.mean_confidence)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <dl className="facts">
        <div>
          <dt>Mapped</dt>
          <dd>{percent(result.share_mapped)}</dd>
        </div>
        <div>
          <dt>Confidence</dt>
          <dd>{Math.round(result.mean_confidence)} %</dd>
        </div>
        <div title="Share of the mapped pixels that look like those that the model was trained on">
          <dt>Like training</dt>
          <dd>{result.share_applicable === null ? "not known" : percent(result.share_applicable)}</dd>
        </div>
      </dl>
      <p className="muted small">
        <Table2 aria-hidden className="inline-icon" /> {result.caveat}
      </p>
      <p className="muted small">Click into the map for a single pixel.</p>
    </>
  );
}

const LAYERS = [
  { value: "class", title: "Classes" },
  { value: "confidence", title: "Confidence" },
  { value: "clear", title: "Clear views" },
] as const;

function Show({ prediction, result, view, onView, years }: Props & { result: MapResult }) {
  return (
    <>
      <fieldset className="plain">
        <legend className="field-label">What the colours show</legend>
        <div className="tools">
          {LAYERS.map((one) => (
            <Button key={one.value} small aria-pressed={view.layer === one.value} onClick={() => onView({ layer: one.value })}>
              {one.title}
            </Button>
          ))}
        </div>
      </fieldset>
      {view.layer === "confidence" && <Ramp title="Confidence of the model" low="0 %" high="100 %" />}
      {view.layer === "clear" && <Ramp title="Clear observations of the season" low="1" high="60 or more" />}
      <div className="field">
        <span className="field-label row-between">
          Opacity <span className="muted numbers">{percent(view.opacity)}</span>
        </span>
        <Slider
          label="Opacity of the map"
          min={0}
          max={1}
          step={0.05}
          value={view.opacity}
          text={percent}
          onChange={(opacity) => onView({ opacity })}
        />
      </div>
      <CompareWith prediction={prediction} result={result} view={view} onView={onView} years={years} />
    </>
  );
}

function CompareWith({ prediction, view, onView, years }: Omit<Props, "onPicture"> & { result: MapResult }) {
  const maps = useMyMaps();
  const others = (maps.data?.items ?? []).filter(
    (one) => one.aoi.id === prediction.aoi.id && one.id !== prediction.id && one.state === "ready" && one.result,
  );
  const seasons = others.filter((one) => one.season !== prediction.season);
  const models = others.filter((one) => one.season === prediction.season);
  return (
    <div className="field">
      <label htmlFor="compare">Right of the line</label>
      <select
        id="compare"
        className="select"
        value={view.compare ?? ""}
        onChange={(event) => onView({ compare: event.target.value || null })}
      >
        <option value="">Nothing: the map alone</option>
        {years.length > 0 && (
          <optgroup label="Dynamic World baseline">
            {[...years].reverse().map((year) => (
              <option key={year} value={`y${year}`}>
                Baseline {year}
              </option>
            ))}
          </optgroup>
        )}
        {seasons.length > 0 && (
          <optgroup label="Another season">
            {seasons.map((one) => (
              <option key={one.id} value={`m${one.id}`}>
                Season {one.season} (model {one.result?.model_version})
              </option>
            ))}
          </optgroup>
        )}
        {models.length > 0 && (
          <optgroup label="Another model">
            {models.map((one) => (
              <option key={one.id} value={`m${one.id}`}>
                Model {one.result?.model_version}, season {one.season}
              </option>
            ))}
          </optgroup>
        )}
      </select>
      <p className="field-hint">
        {others.length === 0
          ? "Have the same area mapped for another season, or by a later model, and it can be chosen here."
          : "Move the line over the map by dragging it or with the arrow keys."}
      </p>
    </div>
  );
}
