import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { asProblem } from "../api/problem";

type Tone = "info" | "warn" | "bad" | "good";

const ICONS = { info: Info, warn: TriangleAlert, bad: CircleAlert, good: CircleCheck };

export function Notice({ tone = "info", title, children }: { tone?: Tone; title?: string; children?: ReactNode }) {
  const Icon = ICONS[tone];
  return (
    <div className={`notice notice-${tone}`} role={tone === "bad" ? "alert" : undefined}>
      <Icon aria-hidden />
      <div className="grow">
        {title && <strong>{title}</strong>}
        {children}
      </div>
    </div>
  );
}

/** What went wrong, and what the reader can do, as the API says it. */
export function ProblemNotice({ error, children }: { error: unknown; children?: ReactNode }) {
  const problem = asProblem(error);
  return (
    <Notice tone="bad" title={problem.message}>
      {problem.fields.length > 0 ? (
        <ul>
          {problem.fields.slice(0, 5).map((field) => (
            <li key={field.where + field.message}>{field.message}</li>
          ))}
        </ul>
      ) : (
        problem.hint && <p>{problem.hint}</p>
      )}
      {children}
    </Notice>
  );
}

export function Spinner({ label }: { label: string }) {
  return (
    <span className="row" role="status">
      <span className="spinner" aria-hidden />
      <span className="muted">{label}</span>
    </span>
  );
}

export function Empty({ icon, title, children }: { icon: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      {icon}
      <h3>{title}</h3>
      {children}
    </div>
  );
}
