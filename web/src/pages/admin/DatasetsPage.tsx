import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Database, UploadCloud } from "lucide-react";
import { useId, useRef, useState, type DragEvent, type FormEvent } from "react";
import type { Schemas } from "../../api/client";
import { asProblem, type Problem } from "../../api/problem";
import { count, dateTime } from "../../lib/format";
import { Button } from "../../ui/Button";
import { Empty, Notice, ProblemNotice, Spinner } from "../../ui/Notice";
import { datasetsQuery, type Dataset } from "./queries";
import { bytes } from "./read";
import { faultsOf, send } from "./upload";
import { ScrollX } from "../ScrollX";

export function DatasetsPage() {
  const datasets = useQuery(datasetsQuery);
  return (
    <>
      <header className="stack-tight">
        <h1>Datasets</h1>
        <p className="muted">Farmers' labels in CSV batches, gathered under a dataset version. Each version trains its own models.</p>
      </header>
      <UploadForm versions={datasets.data?.map((one) => one.version) ?? []} />
      <section className="stack" aria-labelledby="versions">
        <h2 id="versions">Versions</h2>
        {datasets.error && <ProblemNotice error={datasets.error} />}
        {datasets.isPending && <Spinner label="Reading the dataset versions…" />}
        {datasets.data?.length === 0 && (
          <div className="card">
            <Empty icon={<Database aria-hidden />} title="No dataset yet">
              <p>Upload a first batch above: a CSV with a place, a class and a season in each row.</p>
            </Empty>
          </div>
        )}
        {datasets.data?.map((one) => <DatasetCard key={one.version} dataset={one} />)}
      </section>
    </>
  );
}

const READY: Record<Dataset["samples"], { text: string; tone: string }> = {
  absent: { text: "not made yet", tone: "" },
  stale: { text: "older than the batches", tone: "badge-warn" },
  ready: { text: "ready", tone: "badge-good" },
};

export function DatasetCard({ dataset }: { dataset: Dataset }) {
  const { samples, features } = dataset;
  return (
    <article className="card stack" aria-label={`Dataset version ${dataset.version}`}>
      <div className="row-between" style={{ flexWrap: "wrap" }}>
        <h3>{dataset.version}</h3>
        <div className="row" style={{ flexWrap: "wrap" }}>
          <span className={`badge ${READY[samples].tone}`}>Samples: {READY[samples].text}</span>
          <span className={`badge ${READY[features].tone}`}>Features: {READY[features].text}</span>
          {!dataset.complete && <span className="badge">open for more batches</span>}
        </div>
      </div>
      <p className="muted small">
        {dataset.batches.length} {dataset.batches.length === 1 ? "batch" : "batches"} · {bytes(dataset.size)}
        {dataset.rows !== null && ` · ${count(dataset.rows)} samples`}
        {dataset.recipe && ` · recipe ${dataset.recipe}`}
      </p>
      <div className="split">
        <ClassBalance labels={dataset.labels} />
        <ScrollX label={`Batches of ${dataset.version}`}>
          <table className="table">
            <caption className="visually-hidden">Batches of {dataset.version}</caption>
            <thead>
              <tr>
                <th scope="col">Batch</th>
                <th scope="col" className="right">Rows</th>
                <th scope="col" className="right">Samples kept</th>
                <th scope="col">Uploaded</th>
              </tr>
            </thead>
            <tbody>
              {dataset.batches.map((one) => (
                <tr key={one.name}>
                  <th scope="row" style={{ overflowWrap: "anywhere", minWidth: 120 }}>{one.name}</th>
                  <td className="right">{one.rows === null ? "–" : count(one.rows)}</td>
                  <td className="right">{one.samples === null ? "–" : count(one.samples)}</td>
                  <td>{dateTime(one.modified)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      </div>
      {dataset.models.length > 0 && (
        <p className="small muted">
          Models trained from it:{" "}
          {dataset.models
            .map((one) => `version ${one.version} (${one.variant}${one.champion ? ", champion" : ""}${one.current ? "" : ", from earlier batches"})`)
            .join(", ")}
        </p>
      )}
    </article>
  );
}

/** Samples of each class, the most frequent first. */
export function ClassBalance({ labels }: { labels: Readonly<Record<string, number>> }) {
  const rows = Object.entries(labels).sort(([, a], [, b]) => b - a);
  const [, most] = rows[0] ?? ["", 0];
  if (rows.length === 0) {
    return <p className="muted small">How many samples each class has is known once the version is prepared.</p>;
  }
  const [rarest, least] = rows[rows.length - 1] ?? ["", 0];
  return (
    <div className="stack-tight">
      <h4 className="field-label">Class balance</h4>
      <ul className="balance">
        {rows.map(([label, samples]) => (
          <li key={label}>
            <span>{label}</span>
            <div className="bar" aria-hidden>
              <div style={{ width: `${(100 * samples) / most}%` }} />
            </div>
            <span className="numbers">{count(samples)}</span>
          </li>
        ))}
      </ul>
      {least > 0 && most / least >= 10 && (
        <p className="small muted">There are {Math.round(most / least)} times fewer samples of {rarest} than of the most frequent class.</p>
      )}
    </div>
  );
}

interface Sending {
  share: number;
  stop: AbortController;
}

export function UploadForm({ versions }: { versions: readonly string[] }) {
  const queries = useQueryClient();
  const [files, setFiles] = useState<File[]>([]);
  const [isOver, setIsOver] = useState(false);
  const [sending, setSending] = useState<Sending | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [answer, setAnswer] = useState<Schemas["UploadAnswer"] | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const id = useId();

  const add = (list: FileList | null) => {
    const chosen = [...(list ?? [])];
    setFiles((were) => [...were.filter((one) => !chosen.some(({ name }) => name === one.name)), ...chosen]);
    setAnswer(null);
    setProblem(null);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(false);
    add(event.dataTransfer.files);
  };
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    const stop = new AbortController();
    setAnswer(null);
    setProblem(null);
    setSending({ share: 0, stop });
    try {
      const upload = { version: text("version"), season: text("season"), recipe: text("recipe"), complete: form.has("complete"), files };
      setAnswer(await send(upload, (share) => setSending({ share, stop }), stop.signal));
      setFiles([]);
      void queries.invalidateQueries({ queryKey: datasetsQuery.queryKey });
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setSending(null);
    }
  };
  return (
    <section className="card stack" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Upload batches</h2>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <div
          className="drop"
          data-over={isOver}
          onDragOver={(event) => (event.preventDefault(), setIsOver(true))}
          onDragLeave={() => setIsOver(false)}
          onDrop={drop}
        >
          <UploadCloud aria-hidden />
          <p>Drop CSV files here, or</p>
          <Button small onClick={() => picker.current?.click()}>
            Choose files
          </Button>
          <input
            ref={picker}
            className="visually-hidden"
            type="file"
            accept=".csv,text/csv"
            multiple
            aria-label="CSV files"
            tabIndex={-1}
            onChange={(event) => (add(event.target.files), (event.target.value = ""))}
          />
          {files.length > 0 && (
            <ul className="small stack-tight" aria-label="Chosen files">
              {files.map((one) => (
                <li key={one.name} className="row">
                  <span>
                    {one.name} <span className="muted">({bytes(one.size)})</span>
                  </span>
                  <Button kind="quiet" small onClick={() => setFiles(files.filter((other) => other !== one))} aria-label={`Leave ${one.name} out`}>
                    Remove
                  </Button>
                </li>
              ))}
            </ul>
          )}
        </div>
        <div className="form-grid">
          <div className="field">
            <label htmlFor={`${id}-version`}>Dataset version</label>
            <input
              id={`${id}-version`}
              name="version"
              className="input"
              required
              list={`${id}-versions`}
              placeholder="2024-06"
              autoCapitalize="none"
              spellCheck={false}
            />
            <datalist id={`${id}-versions`}>
              {versions.map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
            <span className="field-hint">A new name makes a new version.</span>
          </div>
          <div className="field">
            <label htmlFor={`${id}-season`}>Season of rows that name none</label>
            <input id={`${id}-season`} name="season" className="input" placeholder="2023-2024" spellCheck={false} />
          </div>
          <div className="field">
            <label htmlFor={`${id}-recipe`}>Recipe</label>
            <input id={`${id}-recipe`} name="recipe" className="input" placeholder="the installation's own" spellCheck={false} autoCapitalize="none" />
          </div>
        </div>
        <label className="check" htmlFor={`${id}-complete`}>
          <input id={`${id}-complete`} name="complete" type="checkbox" className="checkbox" />
          <span>
            These are all: prepare the version at once
            <span className="muted"> (else it waits until uploads have come to rest)</span>
          </span>
        </label>
        {sending ? (
          <div className="stack-tight">
            <div
              className="progress"
              role="progressbar"
              aria-label="Upload"
              aria-valuemin={0}
              aria-valuemax={100}
              aria-valuenow={Math.round(sending.share * 100)}
            >
              <div style={{ width: `${sending.share * 100}%` }} />
            </div>
            <div className="row-between">
              <span className="small muted">{sending.share < 1 ? `${Math.round(sending.share * 100)} % sent` : "Sent; the batches are being checked…"}</span>
              <Button small onClick={() => sending.stop.abort()}>
                Stop
              </Button>
            </div>
          </div>
        ) : (
          <div>
            <Button type="submit" kind="primary" disabled={files.length === 0}>
              Upload {files.length > 0 && (files.length === 1 ? "1 file" : `${files.length} files`)}
            </Button>
          </div>
        )}
      </form>
      <div aria-live="polite" className="stack">
        {problem && <Refusal problem={problem} />}
        {answer && <Accepted answer={answer} />}
      </div>
    </section>
  );
}

/** Why an upload was refused: a table by file and line where the API tells it so. */
export function Refusal({ problem }: { problem: Problem }) {
  const faults = faultsOf(problem);
  if (faults.length === 0) return <ProblemNotice error={problem} />;
  return (
    <div className="stack">
      <Notice tone="bad" title="Nothing was uploaded: correct these lines and send the files again.">
        <p>{faults.length === 1 ? "There is 1 fault." : `There are ${faults.length} faults.`}</p>
      </Notice>
      <ScrollX label="Faults">
        <table className="table">
          <caption className="visually-hidden">Faults by file and line</caption>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col" className="right">Line</th>
              <th scope="col">Column</th>
              <th scope="col">What is wrong</th>
            </tr>
          </thead>
          <tbody>
            {faults.map((one, i) => (
              <tr key={`${one.file}:${one.line}:${one.column}:${i}`}>
                <td>{one.file}</td>
                <td className="right">{one.line ?? "–"}</td>
                <td>{one.column ?? "–"}</td>
                <td>{one.reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </div>
  );
}

function Accepted({ answer }: { answer: Schemas["UploadAnswer"] }) {
  const warnings = answer.batches.flatMap((one) => (one.warnings ?? []).map((text) => `${one.name}: ${text}`));
  return (
    <>
      <Notice tone="good" title={`Uploaded to ${answer.version}`}>
        <ul>
          {answer.batches.map((one) => (
            <li key={one.name}>
              {one.name}: {count(one.lines)} rows{one.state === "unchanged" && ", was there already"}
            </li>
          ))}
        </ul>
        <p>
          {answer.complete ? "It is being prepared now." : "It is prepared once uploads have come to rest."} Rows that do not fit are left out
          then: “Samples kept” below says how many remain.
        </p>
      </Notice>
      {warnings.length > 0 && (
        <Notice tone="warn" title="Please look at these">
          <ul>{warnings.map((one) => <li key={one}>{one}</li>)}</ul>
        </Notice>
      )}
    </>
  );
}
