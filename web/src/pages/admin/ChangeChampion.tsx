import { useId, useState, type FormEvent } from "react";
import { api, data } from "../../api/client";
import { asProblem } from "../../api/problem";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Notice, ProblemNotice, Spinner } from "../../ui/Notice";
import { isOver, useChange, useJob, type Job, type Model } from "./queries";

export type Act = { kind: "promote"; version: number } | { kind: "rollback" };

const LEAST_REASON = 3;

interface Wanted {
  reason: string;
  override: boolean;
  version: number | null;
}

/** Promote a version or go back to an earlier one: with a reason, and followed to its end. */
export function ChangeChampion({ act, models, onClose }: { act: Act; models: readonly Model[]; onClose: () => void }) {
  const id = useId();
  const [override, setOverride] = useState(false);
  const [refused, setRefused] = useState(false);
  const change = useChange(({ reason, override: isOver, version }: Wanted) =>
    act.kind === "promote"
      ? data<Job>(
          api.POST("/admin/models/{version}/promote", {
            params: { path: { version: act.version } },
            body: { reason, override_gate: isOver },
          }),
        )
      : data<Job>(api.POST("/admin/models/rollback", { body: { reason, version } })),
  );
  const job = useJob(change.data?.id ?? null);
  const followed = job.data ?? change.data;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const to = String(form.get("to") ?? "");
    change.mutate(
      { reason: String(form.get("reason") ?? "").trim(), override, version: to ? Number(to) : null },
      { onError: (error) => asProblem(error).code === "gate-refused" && setRefused(true) },
    );
  };
  const title = act.kind === "promote" ? `Promote version ${act.version}` : "Roll back";
  const gateSaysNo = refused || (act.kind === "promote" && models.find((one) => one.version === act.version)?.gate?.passed === false);
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      description={
        act.kind === "promote"
          ? "From then on all new maps are made with it. Maps that are there stay as they are."
          : "Back to an earlier champion, at once; the gate is not asked."
      }
    >
      {followed ? (
        <Followed job={followed} onClose={onClose} />
      ) : (
        <form className="stack" onSubmit={submit}>
          {act.kind === "rollback" && (
            <div className="field">
              <label htmlFor={`${id}-to`}>To</label>
              <select id={`${id}-to`} name="to" className="select">
                <option value="">the champion before this one</option>
                {models
                  .filter((one) => !one.champion)
                  .map((one) => (
                    <option key={one.version} value={one.version}>
                      Version {one.version} ({one.dataset_version}, {one.variant})
                    </option>
                  ))}
              </select>
            </div>
          )}
          <div className="field">
            <label htmlFor={`${id}-reason`}>Why?</label>
            <textarea
              id={`${id}-reason`}
              name="reason"
              className="input"
              rows={3}
              required
              minLength={LEAST_REASON}
              maxLength={500}
              placeholder="better on sorghum, by the field visit of May"
            />
            <span className="field-hint">Kept in the audit log.</span>
          </div>
          {change.error && <ProblemNotice error={change.error} />}
          {gateSaysNo && (
            <label className="check" htmlFor={`${id}-override`}>
              <input id={`${id}-override`} type="checkbox" className="checkbox" checked={override} onChange={(event) => setOverride(event.target.checked)} />
              <span>Promote it although the gate refuses it. This is recorded.</span>
            </label>
          )}
          <Button type="submit" kind="primary" wide disabled={change.isPending}>
            {change.isPending ? "Asking…" : act.kind === "promote" ? "Promote" : "Roll back"}
          </Button>
        </form>
      )}
    </Dialog>
  );
}

function Followed({ job, onClose }: { job: Job; onClose: () => void }) {
  if (!isOver(job)) return <Spinner label={job.step ?? "The run is on its way; it takes some seconds…"} />;
  return (
    <div className="stack">
      {job.state === "ready" ? (
        <Notice tone="good" title="Done">All new maps are made with the new champion.</Notice>
      ) : (
        <Notice tone="bad" title="It did not happen">{job.reason ?? "The champion is the same as before."}</Notice>
      )}
      <Button kind="primary" onClick={onClose}>
        Close
      </Button>
    </div>
  );
}
