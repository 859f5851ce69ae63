import { useQuery } from "@tanstack/react-query";
import { ExternalLink, Workflow as WorkflowIcon } from "lucide-react";
import { useSession } from "../../api/auth";
import { config } from "../../lib/config";
import { dateTime } from "../../lib/format";
import { buttonClass } from "../../ui/Button";
import { Empty, ProblemNotice, Spinner } from "../../ui/Notice";
import { BOX_HEIGHT, Diagram, type Box } from "./Diagram";
import { workflowQuery, type Asset, type Workflow } from "./queries";
import { ago, arrowsOf, conditionOf, layOut, partitionsText, type Condition } from "./read";
import { useNow } from "./useNow";
import { ScrollX } from "../ScrollX";

const ACROSS = 186;
const DOWN = 82;
const BOX = 166;
const MARGIN = 12;
const TONES: Record<Condition, string> = { made: "d-fresh", working: "d-fresh", failed: "d-failed", never: "d-never" };
const WORDS: Record<Condition, string> = { made: "made", working: "being made", failed: "last try failed for some", never: "never made yet" };

export function WorkflowPage() {
  const workflow = useQuery(workflowQuery);
  const user = useSession();
  return (
    <>
      <header className="stack-tight">
        <h1>End-to-end MLOps workflow</h1>
        <p className="lead">
          From farmers' labels and satellite scenes to models and maps: the graph of assets as the running orchestrator has it now.
        </p>
      </header>
      {workflow.error && <ProblemNotice error={workflow.error} />}
      {workflow.isPending && <Spinner label="Asking the orchestrator for its graph…" />}
      {workflow.data && <Graph workflow={workflow.data} />}
      {user?.role === "admin" && config.dagsterUrl && (
        <p>
          <a className={buttonClass({ small: true })} href={config.dagsterUrl} target="_blank" rel="noreferrer">
            Open it in Dagster <ExternalLink aria-hidden />
          </a>
        </p>
      )}
      <Steps />
    </>
  );
}

export function Graph({ workflow }: { workflow: Workflow }) {
  const now = useNow();
  const placed = layOut(workflow.assets);
  if (placed.length === 0) {
    return (
      <div className="card">
        <Empty icon={<WorkflowIcon aria-hidden />} title="The orchestrator has no assets">
          <p>Its code location is not loaded yet. The page looks again by itself.</p>
        </Empty>
      </div>
    );
  }
  const inLevel = (level: number) => placed.filter((one) => one.level === level).length;
  const widest = Math.max(...placed.map((one) => inLevel(one.level)));
  const boxes: Box[] = placed.map(({ asset, level, place }) => ({
    id: asset.name,
    x: MARGIN + (place + (widest - inLevel(level)) / 2) * ACROSS,
    y: MARGIN + level * DOWN,
    width: BOX,
    title: asset.name,
    note: asset.last ? `${shortCount(asset)}${ago(asset.last, now)}` : "never made yet",
    tone: TONES[conditionOf(asset)],
  }));
  const width = MARGIN + widest * ACROSS;
  const height = Math.max(...boxes.map((one) => one.y)) + BOX_HEIGHT + MARGIN;
  return (
    <>
      <Diagram
        width={width}
        height={height}
        title="Asset graph"
        text={`Each box is an asset; arrows lead from what it is made of (those that follow from others are left out). In it: how many partitions are made, and when it was made last. The table says the same. Asked ${dateTime(workflow.asked_at)}.`}
        boxes={boxes}
        arrows={arrowsOf(workflow.assets)}
        down
      >
        <div className="legend-row" aria-hidden>
          <span>
            <i style={{ background: "var(--accent-soft)", borderColor: "var(--accent)" }} /> made
          </span>
          <span>
            <i style={{ background: "var(--bad-soft)", borderColor: "var(--bad)" }} /> some partitions failed at their last try
          </span>
          <span>
            <i style={{ background: "var(--sunken)", borderColor: "var(--line-strong)", borderStyle: "dashed" }} /> never made yet
          </span>
        </div>
      </Diagram>
      <AssetTable assets={workflow.assets} now={now} />
    </>
  );
}

function shortCount({ partitions }: Asset): string {
  return partitions ? `${partitions.materialized}/${partitions.all} · ` : "";
}

function AssetTable({ assets, now }: { assets: readonly Asset[]; now: number }) {
  return (
    <ScrollX label="Assets" className="card">
      <table className="table">
        <caption className="visually-hidden">Assets, their partitions and last materializations</caption>
        <thead>
          <tr>
            <th scope="col">Asset</th>
            <th scope="col">Group</th>
            <th scope="col">Partitions</th>
            <th scope="col">State</th>
            <th scope="col">Last made</th>
          </tr>
        </thead>
        <tbody>
          {assets.map((one) => (
            <tr key={one.name}>
              <th scope="row">
                {one.name}
                {one.description && <div className="muted small" style={{ fontWeight: 400 }}>{one.description.split("\n")[0]}</div>}
              </th>
              <td>{one.group}</td>
              <td>{partitionsText(one)}</td>
              <td>{WORDS[conditionOf(one)]}</td>
              <td>{one.last ? <time dateTime={one.last} title={dateTime(one.last)}>{ago(one.last, now)}</time> : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollX>
  );
}

function Steps() {
  return (
    <div className="prose">
      <h2>What happens along it</h2>
      <ul>
        <li>A CSV of labels lands in the object store. A sensor waits until uploads have come to rest and asks for one run.</li>
        <li>Samples are validated, measured in imagery, and features are selected. A fifth of the places is held out by a hash of the place, for ever.</li>
        <li>For each variant four learners are trained, vote and are calibrated; the candidate is registered in MLflow and judged on held-out places.</li>
        <li>The gate is a check that blocks: a candidate must be better than the champion on the very same samples, and no class may get clearly worse.</li>
        <li>Promotion moves one alias, with a record of who, why and from where. Rolling back is the same act.</li>
        <li>A map is a partition too: an area and a season. It records scenes, composite, model and code that made it.</li>
      </ul>
    </div>
  );
}
