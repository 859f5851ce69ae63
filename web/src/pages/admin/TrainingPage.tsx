import { useQuery } from "@tanstack/react-query";
import { CalendarClock, Cpu, ExternalLink } from "lucide-react";
import { useId, useState, type FormEvent } from "react";
import { api, data, type Schemas } from "../../api/client";
import { dateTime } from "../../lib/format";
import { Button } from "../../ui/Button";
import { Empty, Notice, ProblemNotice, Spinner } from "../../ui/Notice";
import { datasetsQuery, isOver, schedulesQuery, schemaQuery, trainingsQuery, useChange, type Dataset, type Job } from "./queries";
import { parseSettings } from "./read";
import { ScrollX } from "../ScrollX";

type Variant = Schemas["NewTraining"]["model_variant"];

export function TrainingPage() {
  const datasets = useQuery(datasetsQuery);
  return (
    <>
      <header className="stack-tight">
        <h1>Training</h1>
        <p className="muted">
          Four learners are trained, vote, are calibrated, and are judged on places that none of them has seen.
        </p>
      </header>
      {datasets.error && <ProblemNotice error={datasets.error} />}
      {datasets.data?.length === 0 && <Notice tone="info" title="There is no dataset yet">Upload label batches under Datasets first.</Notice>}
      {datasets.data && datasets.data.length > 0 && <StartForm datasets={datasets.data} />}
      <Trainings />
      <Schedules />
    </>
  );
}

function StartForm({ datasets }: { datasets: readonly Dataset[] }) {
  const id = useId();
  const schema = useQuery(schemaQuery);
  const [settings, setSettings] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [when, setWhen] = useState<"now" | "minutes" | "cron">("now");
  const start = useChange((body: Schemas["NewTraining"]) => data<Job>(api.POST("/admin/training/start", { body })));
  const plan = useChange((body: Schemas["NewSchedule"]) => data<Schemas["ScheduleView"]>(api.POST("/admin/training/schedule", { body })));
  const error = start.error ?? plan.error;

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    const read = parseSettings(settings);
    setWrong("problem" in read ? read.problem : null);
    if ("problem" in read) return;
    start.reset();
    plan.reset();
    const of = { dataset_version: text("dataset"), model_variant: text("variant") as Variant, hyperparameters: read.value };
    if (when === "now") start.mutate({ ...of, model_version: text("label") || null });
    else if (when === "minutes") plan.mutate({ ...of, minutes: Number(text("minutes")) });
    else plan.mutate({ ...of, cron: text("cron") });
  };
  const done = start.data ? "The training is on its way: see below." : plan.data ? `It starts next on ${dateTime(plan.data.next_at)}.` : null;
  return (
    <section className="card stack" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Train a model</h2>
      <form className="stack" onSubmit={submit}>
        <div className="form-grid">
          <div className="field">
            <label htmlFor={`${id}-dataset`}>Dataset version</label>
            <select id={`${id}-dataset`} name="dataset" className="select">
              {datasets.map((one) => (
                <option key={one.version}>{one.version}</option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor={`${id}-variant`}>Variant</label>
            <select id={`${id}-variant`} name="variant" className="select">
              <option value="Raw">Raw: features as measured</option>
              <option value="Scaled">Scaled: standardised features</option>
            </select>
          </div>
          <div className="field">
            <label htmlFor={`${id}-when`}>When</label>
            <select id={`${id}-when`} className="select" value={when} onChange={(event) => setWhen(event.target.value as typeof when)}>
              <option value="now">Now</option>
              <option value="minutes">Every so many minutes</option>
              <option value="cron">By a cron line</option>
            </select>
          </div>
          {when === "now" && (
            <div className="field">
              <label htmlFor={`${id}-label`}>Your name for it</label>
              <input id={`${id}-label`} name="label" className="input" maxLength={64} placeholder="long-rains-2024" />
            </div>
          )}
          {when === "minutes" && (
            <div className="field">
              <label htmlFor={`${id}-minutes`}>Minutes between trainings</label>
              <input id={`${id}-minutes`} name="minutes" type="number" min={1} max={527_040} defaultValue={1440} required className="input" />
            </div>
          )}
          {when === "cron" && (
            <div className="field">
              <label htmlFor={`${id}-cron`}>Cron line, in UTC</label>
              <input id={`${id}-cron`} name="cron" className="input" placeholder="0 3 * * MON" required spellCheck={false} />
              <span className="field-hint">Minute, hour, day, month, weekday.</span>
            </div>
          )}
        </div>
        <details>
          <summary className="small">Settings other than the defaults</summary>
          <div className="stack" style={{ marginTop: 12 }}>
            <div className="field">
              <label htmlFor={`${id}-settings`}>Hyperparameters, as JSON</label>
              <textarea
                id={`${id}-settings`}
                className="input code"
                spellCheck={false}
                value={settings}
                placeholder={'{"forest": {"n_estimators": 300}, "seed": 7}'}
                aria-invalid={wrong !== null}
                aria-describedby={wrong ? `${id}-wrong` : undefined}
                onChange={(event) => setSettings(event.target.value)}
              />
              {wrong && <span id={`${id}-wrong`} className="field-error" role="alert">{wrong}</span>}
            </div>
            {schema.data && (
              <details>
                <summary className="small">What can be set (JSON schema)</summary>
                {/* A region that scrolls must be reachable by keyboard. */}
                {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
                <pre className="pre" tabIndex={0}>{JSON.stringify(schema.data, null, 1)}</pre>
              </details>
            )}
          </div>
        </details>
        <div>
          <Button type="submit" kind="primary" disabled={start.isPending || plan.isPending}>
            {when === "now" ? "Start training" : "Add the schedule"}
          </Button>
        </div>
      </form>
      <div aria-live="polite">
        {error && <ProblemNotice error={error} />}
        {!error && done && <Notice tone="good">{done}</Notice>}
      </div>
    </section>
  );
}

function Trainings() {
  const trainings = useQuery(trainingsQuery);
  return (
    <section className="stack" aria-labelledby="trainings">
      <h2 id="trainings">Trainings</h2>
      {trainings.error && <ProblemNotice error={trainings.error} />}
      {trainings.isPending && <Spinner label="Reading the trainings…" />}
      {trainings.data?.items.length === 0 && (
        <div className="card">
          <Empty icon={<Cpu aria-hidden />} title="Nothing has been trained from here yet" />
        </div>
      )}
      <ul className="jobs">
        {trainings.data?.items.map((one) => (
          <li key={one.id}>
            <JobCard job={one} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const STATES: Record<Job["state"], { text: string; tone: string }> = {
  queued: { text: "waiting", tone: "badge-warn" },
  running: { text: "running", tone: "badge-warn" },
  ready: { text: "done", tone: "badge-good" },
  failed: { text: "failed", tone: "badge-bad" },
  cancelled: { text: "cancelled", tone: "" },
};

export function JobCard({ job }: { job: Job }) {
  const cancel = useChange((id: string) => data<Job>(api.DELETE("/admin/training/{job_id}", { params: { path: { job_id: id } } })));
  const state = STATES[job.state] ?? { text: job.state, tone: "" };
  const result = job.result ?? {};
  const refused = result.gate === "refused";
  const label = typeof job.request.model_label === "string" ? job.request.model_label : null;
  return (
    <article className="card stack" aria-label={`Training of ${job.partition ?? "a model"}`}>
      <div className="row-between" style={{ flexWrap: "wrap" }}>
        <h3>
          {job.partition?.replace("|", " · ") ?? "Training"}
          {label && <span className="muted"> “{label}”</span>}
        </h3>
        <span className={`badge ${state.tone}`}>{job.cancelling && !isOver(job) ? "being stopped" : state.text}</span>
      </div>
      {!isOver(job) && (
        <div className="stack-tight">
          <div
            className="progress"
            role="progressbar"
            aria-label={`Progress of ${job.partition ?? "the training"}`}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={Math.round(job.progress)}
          >
            <div style={{ width: `${job.progress}%` }} />
          </div>
          <p className="small muted">
            {Math.round(job.progress)} %
            {job.stages.length > 1 && ` · stage ${job.stage} of ${job.stages.length} (${job.stages[job.stage - 1] ?? ""})`}
            {job.step && ` · ${job.step}`}
            {job.position !== null && ` · place ${job.position} in the queue`}
          </p>
        </div>
      )}
      {job.state === "ready" && (
        <p className="small">
          {typeof result.model_version === "number" || typeof result.model_version === "string" ? `Version ${result.model_version}. ` : ""}
          {refused ? "The gate refuses it: it does not make maps unless you promote it over the gate." : "The gate lets it pass."}
        </p>
      )}
      {job.reason && job.state !== "ready" && <p className="small">{job.reason}</p>}
      <div className="row-between small muted" style={{ flexWrap: "wrap" }}>
        <span>
          {job.user ?? "a schedule"} · {dateTime(job.created_at)}
          {job.ended_at && ` – ${dateTime(job.ended_at)}`}
        </span>
        <span className="row">
          {job.run_url && (
            <a href={job.run_url} target="_blank" rel="noreferrer" className="row">
              Run in Dagster <ExternalLink size={14} aria-hidden />
            </a>
          )}
          {!isOver(job) && !job.cancelling && (
            <Button small kind="danger" onClick={() => cancel.mutate(job.id)} disabled={cancel.isPending}>
              Stop
            </Button>
          )}
        </span>
      </div>
      {cancel.error && <ProblemNotice error={cancel.error} />}
    </article>
  );
}

function Schedules() {
  const schedules = useQuery(schedulesQuery);
  const remove = useChange((id: string) =>
    data<unknown>(api.DELETE("/admin/training/schedule/{schedule_id}", { params: { path: { schedule_id: id } } })),
  );
  return (
    <section className="stack" aria-labelledby="schedules">
      <h2 id="schedules">Schedules</h2>
      {schedules.error && <ProblemNotice error={schedules.error} />}
      {remove.error && <ProblemNotice error={remove.error} />}
      {schedules.data?.length === 0 && (
        <div className="card">
          <Empty icon={<CalendarClock aria-hidden />} title="No schedule">
            <p>Choose “every so many minutes” or “by a cron line” above to train by the clock.</p>
          </Empty>
        </div>
      )}
      {schedules.data && schedules.data.length > 0 && (
        <ScrollX label="Schedules" className="card">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col">When</th>
                <th scope="col">Next</th>
                <th scope="col">By</th>
                <th scope="col">
                  <span className="visually-hidden">Remove</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {schedules.data.map((one) => (
                <tr key={one.id}>
                  <th scope="row">
                    {one.dataset_version} · {one.model_variant}
                  </th>
                  <td>{one.cron ?? `every ${one.minutes} min`}</td>
                  <td>
                    {dateTime(one.next_at)}
                    {one.last_problem && <div className="field-error">{one.last_problem}</div>}
                  </td>
                  <td>{one.created_by}</td>
                  <td>
                    <Button small onClick={() => remove.mutate(one.id)} aria-label={`Remove the schedule of ${one.dataset_version}, ${one.model_variant}`}>
                      Remove
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
    </section>
  );
}
