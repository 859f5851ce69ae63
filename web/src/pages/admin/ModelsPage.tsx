import { useQuery } from "@tanstack/react-query";
import { Boxes, Check, ExternalLink, X } from "lucide-react";
import { useState } from "react";
import { config } from "../../lib/config";
import { count, dateTime, percent } from "../../lib/format";
import { Button } from "../../ui/Button";
import { Empty, Notice, ProblemNotice, Spinner } from "../../ui/Notice";
import { ChangeChampion, type Act } from "./ChangeChampion";
import { ConfusionMatrix } from "./ConfusionMatrix";
import { metricsQuery, modelQuery, modelsQuery, reportQuery, type Model } from "./queries";
import { classesOf, figure, MEASURES } from "./read";
import { ScrollX } from "../ScrollX";

export function ModelsPage() {
  const models = useQuery(modelsQuery);
  const [act, setAct] = useState<Act | null>(null);
  const items = models.data?.items ?? [];
  const champion = items.find((one) => one.champion);
  return (
    <>
      <header className="row-between" style={{ flexWrap: "wrap" }}>
        <div className="stack-tight">
          <h1>Models</h1>
          <p className="muted">
            {champion
              ? `Version ${champion.version} is the champion: all new maps are made with it.`
              : "There is no champion yet: without one, no map can be made."}
          </p>
        </div>
        {champion && <Button onClick={() => setAct({ kind: "rollback" })}>Roll back…</Button>}
      </header>
      {models.error && <ProblemNotice error={models.error} />}
      {models.isPending && <Spinner label="Reading the model versions…" />}
      {models.data && items.length === 0 && (
        <div className="card">
          <Empty icon={<Boxes aria-hidden />} title="No model yet">
            <p>Train one under Training.</p>
          </Empty>
        </div>
      )}
      {items.length > 0 && <Versions models={items} onPromote={(version) => setAct({ kind: "promote", version })} />}
      {items.length > 0 && <Comparison models={items} />}
      <PastWeek />
      {act && <ChangeChampion act={act} models={items} onClose={() => setAct(null)} />}
    </>
  );
}

function GateBadge({ gate }: { gate: Model["gate"] }) {
  if (!gate) return <span className="badge">not judged</span>;
  return <span className={`badge ${gate.passed ? "badge-good" : "badge-bad"}`}>{gate.passed ? "passed" : "refused"}</span>;
}

function Versions({ models, onPromote }: { models: readonly Model[]; onPromote: (version: number) => void }) {
  return (
    <ScrollX label="Model versions" className="card">
      <table className="table">
        <caption className="visually-hidden">Model versions, the newest first</caption>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Trained from</th>
            <th scope="col" className="right">Macro F1</th>
            <th scope="col" className="right">Accuracy</th>
            <th scope="col">Gate</th>
            <th scope="col">Made</th>
            <th scope="col">
              <span className="visually-hidden">Promote</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {models.map((one) => (
            <tr key={one.version}>
              <th scope="row">
                {one.version} {one.champion && <span className="badge badge-good">champion</span>}
                {one.label && <div className="muted small">{one.label}</div>}
              </th>
              <td>
                {one.dataset_version} · {one.variant}
                <div className="muted small">{one.recipe}</div>
              </td>
              <td className="right">{one.metrics.macro_f1?.toFixed(3) ?? "–"}</td>
              <td className="right">{one.metrics.overall_accuracy?.toFixed(3) ?? "–"}</td>
              <td>
                <GateBadge gate={one.gate} />
              </td>
              <td>{dateTime(one.created)}</td>
              <td>
                {!one.champion && (
                  <Button small onClick={() => onPromote(one.version)} aria-label={`Promote version ${one.version}`}>
                    Promote…
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollX>
  );
}

/** Two versions side by side: the champion, and the newest other one, unless somebody chooses. */
function Comparison({ models }: { models: readonly Model[] }) {
  const champion = models.find((one) => one.champion);
  const [left, setLeft] = useState<number | null>(null);
  const [right, setRight] = useState<number | null>(null);
  const a = models.find((one) => one.version === left) ?? champion ?? models[0];
  const b = models.find((one) => one.version === right) ?? models.find((one) => one !== a);
  if (!a) return null;
  const sides = b ? [a, b] : [a];
  const choose = [setLeft, setRight];
  const classes = [...new Set(sides.flatMap((one) => classesOf(one.metrics)))];
  return (
    <section className="stack" aria-labelledby="side-by-side">
      <h2 id="side-by-side">Side by side</h2>
      <p className="muted small">
        Each version's figures are of its own held-out places. What is judged on the very same places is the gate's comparison below.
      </p>
      <ScrollX label="Two versions side by side" className="card">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">On held-out places (95 % interval)</th>
              {sides.map((one, i) => (
                <th key={i} scope="col" className="right">
                  <select
                    className="select"
                    style={{ minWidth: 150 }}
                    aria-label={i === 0 ? "First version" : "Second version"}
                    value={one.version}
                    onChange={(event) => choose[i]?.(Number(event.target.value))}
                  >
                    {models.map(({ version, champion: reigns }) => (
                      <option key={version} value={version}>
                        Version {version}
                        {reigns ? " (champion)" : ""}
                      </option>
                    ))}
                  </select>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {MEASURES.map(({ name, title, lessIsBetter }) => (
              <tr key={name}>
                <th scope="row">
                  {title} {lessIsBetter && <span className="small">(less is better)</span>}
                </th>
                {sides.map((one, i) => (
                  <td key={i} className="right">
                    {figure(one.metrics, name)}
                  </td>
                ))}
              </tr>
            ))}
            {classes.map((name) => (
              <tr key={name}>
                <th scope="row">F1 of {name.replaceAll("_", " ")}</th>
                {sides.map((one, i) => (
                  <td key={i} className="right">
                    {figure(one.metrics, `${name}_f1`)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      <div className="split">
        {sides.map((one, i) => (
          <Evidence key={`${i}-${one.version}`} version={one.version} />
        ))}
      </div>
    </section>
  );
}

/** What the gate found, and which classes are taken for which. */
function Evidence({ version }: { version: number }) {
  const model = useQuery(modelQuery(version));
  const hasReport = model.data !== undefined && "report.json" in model.data.links;
  const report = useQuery(reportQuery(version, hasReport));
  if (model.error) return <ProblemNotice error={model.error} />;
  if (!model.data) return <Spinner label={`Reading version ${version}…`} />;
  const { gate, findings, recalls } = model.data;
  return (
    <article className="card stack" aria-label={`Evidence on version ${version}`}>
      <div className="row-between">
        <h3>Version {version}</h3>
        <GateBadge gate={gate} />
      </div>
      {!gate && <p className="muted small">It was not evaluated: its training did not come to its end.</p>}
      {gate && (
        <p className="small muted">
          Judged on {count(gate.samples)} held-out samples {gate.against === null ? "without a champion to beat" : `against version ${gate.against}`}
          {gate.probability_better !== null && `; better with a probability of ${percent(gate.probability_better)}`}.
        </p>
      )}
      {findings.length > 0 && (
        <ul className="checks" aria-label="Findings of the gate">
          {findings.map((one) => (
            <li key={one.code + one.text}>
              {one.passed ? <Check className="good-mark" aria-label="passed" /> : <X className="bad-mark" aria-label="failed" />}
              <span>{one.text}</span>
            </li>
          ))}
        </ul>
      )}
      {recalls.length > 0 && (
        <ScrollX label={`Recall of version ${version}`}>
          <table className="table">
            <caption className="field-label" style={{ textAlign: "left" }}>Recall on the same held-out samples</caption>
            <thead>
              <tr>
                <th scope="col">Class</th>
                <th scope="col" className="right">Samples</th>
                <th scope="col" className="right">Version {version}</th>
                <th scope="col" className="right">Champion then</th>
              </tr>
            </thead>
            <tbody>
              {recalls.map((one) => (
                <tr key={one.label}>
                  <th scope="row">{one.label}</th>
                  <td className="right">{count(one.support)}</td>
                  <td className={`right ${one.down ? "bad-mark" : ""}`}>
                    {percent(one.candidate)}
                    {one.down && <span className="visually-hidden"> (clearly worse)</span>}
                  </td>
                  <td className="right">{percent(one.champion)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
      {report.data && <ConfusionMatrix report={report.data} version={version} />}
      {report.error && <ProblemNotice error={report.error} />}
      {config.mlflowUrl && (
        <a className="row small" href={`${config.mlflowUrl.replace(/\/$/, "")}/#/models/geocrop/versions/${version}`} target="_blank" rel="noreferrer">
          Version {version} in MLflow <ExternalLink size={14} aria-hidden />
        </a>
      )}
    </article>
  );
}

function PastWeek() {
  const metrics = useQuery(metricsQuery);
  if (!metrics.data || metrics.data.past_versions.length === 0) return null;
  const { past_versions: versions, past_mean: mean } = metrics.data;
  return (
    <Notice>
      In the past 7 days {versions.length === 1 ? "1 version was" : `${versions.length} versions were`} trained
      {mean.macro_f1 !== undefined && `; their mean macro F1 is ${mean.macro_f1.toFixed(3)}`}.
    </Notice>
  );
}
