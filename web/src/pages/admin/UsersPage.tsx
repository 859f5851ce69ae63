import { useQuery } from "@tanstack/react-query";
import { UserPlus } from "lucide-react";
import { useId, useState, type FormEvent } from "react";
import { useSession } from "../../api/auth";
import { api, data, type Schemas } from "../../api/client";
import { date, dateTime } from "../../lib/format";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Notice, ProblemNotice, Spinner } from "../../ui/Notice";
import { auditQuery, useChange, usersQuery } from "./queries";
import { ScrollX } from "../ScrollX";

type User = Schemas["UserView"];
type Change = Partial<Schemas["UserChange"]>;

const LEAST_PASSWORD = 12;

export function UsersPage() {
  const users = useQuery(usersQuery);
  const [adding, setAdding] = useState(false);
  const [changing, setChanging] = useState<User | null>(null);
  return (
    <>
      <header className="row-between" style={{ flexWrap: "wrap" }}>
        <div className="stack-tight">
          <h1>Users</h1>
          <p className="muted">Recruiters have a limit of maps; administrators have none.</p>
        </div>
        <Button kind="primary" onClick={() => setAdding(true)}>
          <UserPlus aria-hidden /> Add a user
        </Button>
      </header>
      {users.error && <ProblemNotice error={users.error} />}
      {users.isPending && <Spinner label="Reading the users…" />}
      {users.data && (
        <ScrollX label="Users" className="card">
          <table className="table">
            <caption className="visually-hidden">Users</caption>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Role</th>
                <th scope="col" className="right">Maps started</th>
                <th scope="col" className="right">Limit</th>
                <th scope="col">Since</th>
                <th scope="col">
                  <span className="visually-hidden">Change</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {users.data.items.map((one) => (
                <tr key={one.name}>
                  <th scope="row">
                    {one.name} {one.disabled && <span className="badge badge-bad">disabled</span>}
                  </th>
                  <td>{one.role === "admin" ? "Administrator" : "Recruiter"}</td>
                  <td className="right">{one.jobs_started}</td>
                  <td className="right">{one.job_limit ?? "the role's"}</td>
                  <td>{date(one.created_at)}</td>
                  <td>
                    <Button small onClick={() => setChanging(one)} aria-label={`Change ${one.name}`}>
                      Change…
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
      <Audit />
      {adding && <AddUser onClose={() => setAdding(false)} />}
      {changing && <ChangeUser user={changing} onClose={() => setChanging(null)} />}
    </>
  );
}

function limitOf(text: string): number | null {
  return text.trim() === "" ? null : Number(text);
}

function AddUser({ onClose }: { onClose: () => void }) {
  const id = useId();
  const add = useChange((body: Schemas["NewUser"]) => data<User>(api.POST("/admin/users", { body })));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "");
    const body = {
      name: text("name").trim(),
      password: text("password"),
      role: text("role") as User["role"],
      job_limit: limitOf(text("limit")),
    };
    add.mutate(body, { onSuccess: onClose });
  };
  return (
    <Dialog open onClose={onClose} title="Add a user">
      <form className="stack" onSubmit={submit}>
        <div className="field">
          <label htmlFor={`${id}-name`}>Name</label>
          <input
            id={`${id}-name`}
            name="name"
            className="input"
            required
            pattern="[A-Za-z0-9._\-]{3,64}"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
          />
          <span className="field-hint">3 to 64 letters, digits, dots, hyphens, underscores; kept in lower case.</span>
        </div>
        <div className="field">
          <label htmlFor={`${id}-password`}>Password</label>
          <input id={`${id}-password`} name="password" type="password" className="input" required minLength={LEAST_PASSWORD} autoComplete="new-password" />
          <span className="field-hint">At least {LEAST_PASSWORD} characters.</span>
        </div>
        <div className="form-grid">
          <div className="field">
            <label htmlFor={`${id}-role`}>Role</label>
            <select id={`${id}-role`} name="role" className="select">
              <option value="recruiter">Recruiter</option>
              <option value="admin">Administrator</option>
            </select>
          </div>
          <div className="field">
            <label htmlFor={`${id}-limit`}>Limit of maps</label>
            <input id={`${id}-limit`} name="limit" type="number" min={0} className="input" placeholder="the role's" />
          </div>
        </div>
        {add.error && <ProblemNotice error={add.error} />}
        <Button type="submit" kind="primary" wide disabled={add.isPending}>
          Add
        </Button>
      </form>
    </Dialog>
  );
}

function ChangeUser({ user, onClose }: { user: User; onClose: () => void }) {
  const id = useId();
  const me = useSession();
  const change = useChange((body: Change) =>
    // The form's defaults are not sent: what is left out stays as it is.
    data<User>(api.PATCH("/admin/users/{name}", { params: { path: { name: user.name } }, body: body as Schemas["UserChange"] })),
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const limit = limitOf(String(form.get("limit") ?? ""));
    const password = String(form.get("password") ?? "");
    const body: Change = { ...(limit !== user.job_limit && { job_limit: limit }), ...(password && { password }) };
    if (Object.keys(body).length === 0) onClose();
    else change.mutate(body, { onSuccess: onClose });
  };
  return (
    <Dialog open onClose={onClose} title={`Change ${user.name}`}>
      <form className="stack" onSubmit={submit}>
        <div className="field">
          <label htmlFor={`${id}-limit`}>Limit of maps</label>
          <input id={`${id}-limit`} name="limit" type="number" min={0} className="input" defaultValue={user.job_limit ?? ""} placeholder="the role's" />
          <span className="field-hint">{user.jobs_started} started so far. Empty: the role's limit.</span>
        </div>
        <div className="field">
          <label htmlFor={`${id}-password`}>New password</label>
          <input id={`${id}-password`} name="password" type="password" className="input" minLength={LEAST_PASSWORD} autoComplete="new-password" />
          <span className="field-hint">Empty: it stays. A new one ends all logins of the old one.</span>
        </div>
        {change.error && <ProblemNotice error={change.error} />}
        <Button type="submit" kind="primary" wide disabled={change.isPending}>
          Save
        </Button>
      </form>
      {user.name === me?.name ? (
        <Notice>This is you: another administrator can disable your account.</Notice>
      ) : (
        <Button kind={user.disabled ? "plain" : "danger"} wide disabled={change.isPending} onClick={() => change.mutate({ disabled: !user.disabled }, { onSuccess: onClose })}>
          {user.disabled ? "Enable the account again" : "Disable the account, and end its logins"}
        </Button>
      )}
    </Dialog>
  );
}

function Audit() {
  const audit = useQuery(auditQuery);
  return (
    <section className="stack" aria-labelledby="audit">
      <h2 id="audit">Audit log</h2>
      {audit.error && <ProblemNotice error={audit.error} />}
      {audit.data?.items.length === 0 && <p className="muted">Nothing has been done yet.</p>}
      {audit.data && audit.data.items.length > 0 && (
        <ScrollX label="Audit log" className="card">
          <table className="table">
            <caption className="visually-hidden">What administrators did, the newest first</caption>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">What</th>
                <th scope="col">Of what</th>
              </tr>
            </thead>
            <tbody>
              {audit.data.items.map((one, i) => (
                <tr key={`${one.at}-${i}`}>
                  <td>{dateTime(one.at)}</td>
                  <td>{one.actor}</td>
                  <td>{one.action}</td>
                  <td style={{ overflowWrap: "anywhere" }}>
                    {one.subject}
                    {typeof one.details.reason === "string" && <div className="muted small">{one.details.reason}</div>}
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
