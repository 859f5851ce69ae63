import { useState, type FormEvent } from "react";
import { loginWanted } from "../api/auth";
import { useLogin } from "../api/hooks";
import { useStore } from "../lib/store";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { ProblemNotice } from "../ui/Notice";

export function LoginDialog() {
  const wanted = useStore(loginWanted);
  const close = () => loginWanted.set(null);
  return (
    <Dialog open={wanted !== null} onClose={close} title="Log in" description={wanted?.reason}>
      <LoginForm
        onDone={() => {
          const then = wanted?.then;
          close();
          then?.();
        }}
      />
    </Dialog>
  );
}

export function LoginForm({ onDone }: { onDone: () => void }) {
  const login = useLogin();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate({ name: name.trim(), password }, { onSuccess: onDone });
  };
  return (
    <form className="stack" onSubmit={submit}>
      <div className="field">
        <label htmlFor="login-name">Name</label>
        <input
          id="login-name"
          className="input"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      <div className="field">
        <label htmlFor="login-password">Password</label>
        <input
          id="login-password"
          className="input"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </div>
      {login.error && <ProblemNotice error={login.error} />}
      <Button type="submit" kind="primary" wide disabled={login.isPending}>
        {login.isPending ? "Logging in…" : "Log in"}
      </Button>
      <p className="small muted">No account? The administrator of this site gives one to you.</p>
    </form>
  );
}
