import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleX, TriangleAlert } from "lucide-react";
import { dateTime } from "../../lib/format";
import { ProblemNotice, Spinner } from "../../ui/Notice";
import { statusQuery, type Status } from "./queries";
import { ago, SERVICES } from "./read";
import { useNow } from "./useNow";
import { ScrollX } from "../ScrollX";

type State = Status["state"];

const STATES: Record<State, { text: string; icon: typeof CircleCheck }> = {
  live: { text: "live", icon: CircleCheck },
  degraded: { text: "degraded", icon: TriangleAlert },
  down: { text: "down", icon: CircleX },
};
const WHOLE: Record<State, string> = {
  live: "Everything works.",
  degraded: "The platform works, but not all of it: see below.",
  down: "The platform cannot serve maps at the moment.",
};

export function StateMark({ state }: { state: State }) {
  const { text, icon: Icon } = STATES[state];
  return (
    <span className={`state state-${state}`}>
      <Icon aria-hidden /> {text}
    </span>
  );
}

export function LiveSystem() {
  const status = useQuery(statusQuery);
  return (
    <>
      <header className="stack-tight">
        <h1>Live system</h1>
        <p className="lead">How each service of this installation is at this moment. It is looked at again every five seconds.</p>
      </header>
      {status.error && <ProblemNotice error={status.error} />}
      {status.isPending && <Spinner label="Asking how everything is…" />}
      {status.data && <StatusTable status={status.data} isOld={status.error !== null} />}
    </>
  );
}

export function StatusTable({ status, isOld = false }: { status: Status; isOld?: boolean }) {
  const now = useNow();
  const hasDetails = status.services.some((one) => one.details && Object.keys(one.details).length > 0);
  return (
    <>
      <p role="status" className="card row" style={{ opacity: isOld ? 0.6 : 1 }}>
        <StateMark state={status.state} />
        <span>{isOld ? "This was before the server stopped answering." : WHOLE[status.state]}</span>
      </p>
      <ScrollX label="Services" className="card">
        <table className="table">
          <caption className="visually-hidden">Services and their states</caption>
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col">State</th>
              <th scope="col">Seen so since</th>
              <th scope="col">Why</th>
              {hasDetails && <th scope="col">Details (administrators)</th>}
            </tr>
          </thead>
          <tbody>
            {status.services.map((one) => (
              <tr key={one.name}>
                <th scope="row" style={{ minWidth: 150 }}>
                  {SERVICES[one.name]?.title ?? one.name}
                  {SERVICES[one.name] && <div className="muted small" style={{ fontWeight: 400 }}>{SERVICES[one.name]?.what}</div>}
                </th>
                <td>
                  <StateMark state={one.state} />
                </td>
                <td>
                  <time dateTime={one.since} title={dateTime(one.since)}>
                    {ago(one.since, now)}
                  </time>
                </td>
                <td style={{ minWidth: one.reason ? 160 : undefined }}>{one.reason ?? "–"}</td>
                {hasDetails && (
                  <td className="small" style={{ overflowWrap: "anywhere" }}>
                    {Object.entries(one.details ?? {})
                      .map(([name, value]) => `${name}: ${value}`)
                      .join(", ") || "–"}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </>
  );
}
