import { useQuery } from "@tanstack/react-query";
import { Bell, CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import { useId, useState, type FormEvent } from "react";
import { api, data, type Schemas } from "../../api/client";
import { dateTime } from "../../lib/format";
import { Button } from "../../ui/Button";
import { Empty, ProblemNotice, Spinner } from "../../ui/Notice";
import { eventsQuery, useChange, watchesQuery, type PlatformEvent } from "./queries";
import { sentenceOf, type Tone } from "./read";

const ICONS = { info: Info, warn: TriangleAlert, bad: CircleAlert, good: CircleCheck };
const MARKS: Record<Tone, string> = { info: "muted", warn: "", bad: "bad-mark", good: "good-mark" };

export function AlertsPage() {
  const events = useQuery(eventsQuery);
  const [onlyAlerts, setOnlyAlerts] = useState(false);
  const shown = events.data?.filter((one) => !onlyAlerts || ["warn", "bad"].includes(sentenceOf(one).tone));
  return (
    <>
      <header className="stack-tight">
        <h1>Alerts</h1>
        <p className="muted">What happens on the platform, as it happens: trainings, promotions, failures.</p>
      </header>
      <section className="card stack" aria-labelledby="feed">
        <div className="row-between">
          <h2 id="feed">Feed</h2>
          <Button small aria-pressed={onlyAlerts} onClick={() => setOnlyAlerts(!onlyAlerts)}>
            Only what needs a look
          </Button>
        </div>
        {events.error && <ProblemNotice error={events.error} />}
        {events.isPending && <Spinner label="Reading what happened…" />}
        {shown?.length === 0 && (
          <Empty icon={<Bell aria-hidden />} title={onlyAlerts ? "Nothing needs a look" : "Nothing has happened yet"}>
            <p>New events appear here by themselves.</p>
          </Empty>
        )}
        <ul className="events" aria-live="polite" aria-relevant="additions">
          {shown?.map((one) => <EventRow key={one.id} event={one} />)}
        </ul>
      </section>
      <Watches />
    </>
  );
}

export function EventRow({ event }: { event: PlatformEvent }) {
  const { tone, text, detail } = sentenceOf(event);
  const Icon = ICONS[tone];
  return (
    <li>
      <Icon className={MARKS[tone]} aria-hidden />
      <span>
        {text}
        {detail && <span className="muted"> {detail}</span>}
      </span>
      <time className="muted small" dateTime={event.at}>
        {dateTime(event.at)}
      </time>
    </li>
  );
}

function Watches() {
  const id = useId();
  const watches = useQuery(watchesQuery);
  const add = useChange((minutes: number) => data<Schemas["WatchView"]>(api.POST("/admin/training/watch", { body: { minutes } })));
  const remove = useChange((watch: string) =>
    data<unknown>(api.DELETE("/admin/training/watch/{watch_id}", { params: { path: { watch_id: watch } } })),
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    add.mutate(Math.round(Number(new FormData(event.currentTarget).get("days")) * 24 * 60));
  };
  const problem = watches.error ?? add.error ?? remove.error;
  return (
    <section className="card stack" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Watch the champion's age</h2>
      <p className="muted small">Tells once of each champion that was trained longer ago than this, here and to the alert webhook.</p>
      {problem && <ProblemNotice error={problem} />}
      <ul className="stack-tight">
        {watches.data?.map((one) => (
          <li key={one.id} className="row-between">
            <span>
              Older than {one.minutes % 1440 === 0 ? `${one.minutes / 1440} days` : `${one.minutes} minutes`}
              <span className="muted"> · {one.created_by}</span>
            </span>
            <Button small onClick={() => remove.mutate(one.id)} aria-label={`Remove the watch of ${one.minutes} minutes`}>
              Remove
            </Button>
          </li>
        ))}
      </ul>
      <form className="row" onSubmit={submit} style={{ alignItems: "end", flexWrap: "wrap" }}>
        <div className="field">
          <label htmlFor={`${id}-days`}>Days</label>
          <input id={`${id}-days`} name="days" type="number" min={0.1} max={366} step="any" defaultValue={30} required className="input" style={{ width: 120 }} />
        </div>
        <Button type="submit" disabled={add.isPending}>
          Add a watch
        </Button>
      </form>
    </section>
  );
}
