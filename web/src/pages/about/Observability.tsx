import { useQuery } from "@tanstack/react-query";
import { count, date } from "../../lib/format";
import { ProblemNotice, Spinner } from "../../ui/Notice";
import { StateMark } from "./LiveSystem";
import { numbersQuery, statusQuery, type Histogram, type Numbers } from "./queries";
import { ago, boundOf, seconds, usedBuckets } from "./read";
import { useNow } from "./useNow";

const STATES = ["queued", "running", "ready", "failed", "cancelled"];
const MB = 1_000_000;

export function Observability() {
  const numbers = useQuery(numbersQuery);
  const status = useQuery(statusQuery);
  return (
    <>
      <header className="stack-tight">
        <h1>Observability</h1>
        <p className="lead">Live numbers of this installation, read anew every five seconds. Nothing here is made up: what cannot be asked is left empty.</p>
      </header>
      {status.data && (
        <p className="card row">
          <StateMark state={status.data.state} />
          <span>
            {status.data.services.filter((one) => one.state === "live").length} of {status.data.services.length} services are live
          </span>
        </p>
      )}
      {numbers.error && <ProblemNotice error={numbers.error} />}
      {numbers.isPending && <Spinner label="Reading the numbers…" />}
      {numbers.data && <NumbersView numbers={numbers.data} />}
      <div className="prose">
        <h2>Behind this page</h2>
        <p>
          Prometheus scrapes the API, MinIO and an exporter for the age of backups, models and maps; Grafana shows it, and alerts have a rule,
          a runbook and a test each. Logs of all pods go to Loki. Uptime Kuma looks from outside. Dagster keeps the log of every run, and MLflow every training's figures.
        </p>
      </div>
    </>
  );
}

export function NumbersView({ numbers }: { numbers: Numbers }) {
  const now = useNow();
  const all = Object.values(numbers.requests).reduce((sum, one) => sum + one, 0);
  const faults = numbers.requests["5xx"] ?? 0;
  const typical = boundOf(numbers.map_seconds, 0.5);
  return (
    <>
      <section className="stack" aria-labelledby="work">
        <h2 id="work">Work</h2>
        <div className="tiles">
          {STATES.map((state) => (
            <Tile key={state} title={`Jobs ${state}`} value={numbers.jobs ? count(numbers.jobs[state] ?? 0) : null} />
          ))}
          <Tile
            title="Warm worker"
            value={numbers.lane_slots === null ? null : `${numbers.lane_busy ?? 0} / ${numbers.lane_slots}`}
            note={numbers.lane_slots === null ? "does not answer" : `slots busy; ${numbers.lane_queue ?? 0} runs wait`}
          />
        </div>
      </section>
      <div className="split">
        <Times
          title="From a request to its map"
          note={typical === null ? "Maps made since the API started." : `Half of them within ${seconds(typical)}.`}
          empty="No map has been made since the API started."
          histogram={numbers.map_seconds}
        />
        <Times
          title="Answers of the API"
          note="Time to the first byte."
          empty="No request has been answered yet."
          histogram={numbers.request_seconds}
        />
      </div>
      <section className="stack" aria-labelledby="process">
        <h2 id="process">The process that answered</h2>
        <div className="tiles">
          <Tile title="Requests answered" value={count(all)} note={all > 0 ? `${count(faults)} of them with a fault of ours (5xx)` : undefined} />
          <Tile title="Memory" value={numbers.memory_bytes === null ? null : `${Math.round(numbers.memory_bytes / MB)} MB`} />
          <Tile title="CPU time" value={numbers.cpu_seconds === null ? null : seconds(numbers.cpu_seconds)} />
          <Tile title="Started" value={numbers.started_at ? ago(numbers.started_at, now) : null} note={numbers.started_at ? date(numbers.started_at) : undefined} />
        </div>
      </section>
    </>
  );
}

function Tile({ title, value, note }: { title: string; value: string | null; note?: string }) {
  return (
    <div className="card tile">
      <span className="small muted">{title}</span>
      <strong>{value ?? "–"}</strong>
      {value === null && !note && <span className="small muted">cannot be asked now</span>}
      {note && <span className="small muted">{note}</span>}
    </div>
  );
}

export function Times({ title, note, empty, histogram }: { title: string; note: string; empty: string; histogram: Histogram }) {
  const buckets = usedBuckets(histogram);
  const most = Math.max(1, ...buckets.map((one) => one.count));
  return (
    <section className="card stack" aria-label={title}>
      <h3>{title}</h3>
      {buckets.length === 0 ? (
        <p className="muted small">{empty}</p>
      ) : (
        <>
          <p className="muted small">
            {count(histogram.count)} in all. {note}
          </p>
          <ul className="times">
            {buckets.map((one) => (
              <li key={one.text}>
                <span className="numbers">{one.text}</span>
                <div className="bar" aria-hidden>
                  <div style={{ width: `${(100 * one.count) / most}%`, visibility: one.count === 0 ? "hidden" : "visible" }} />
                </div>
                <span className="numbers">{count(one.count)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
