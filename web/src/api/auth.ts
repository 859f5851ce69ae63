import { createStore, useStore } from "../lib/store";
import type { components } from "./schema";

type Role = components["schemas"]["Me"]["role"];

/** Who is logged in. The token is good for an hour; the server decides what it opens. */
export interface Session {
  name: string;
  role: Role;
  token: string;
  /** Milliseconds since 1970. */
  expires: number;
}

const KEY = "geocrop.session";

function restore(): Session | null {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "null") as Session | null;
    return kept && kept.expires > Date.now() ? kept : null;
  } catch {
    return null; // storage is closed to the page, or holds something else
  }
}

export const session = createStore<Session | null>(restore());

export function useSession(): Session | null {
  return useStore(session);
}

export function keep(next: Session | null): void {
  session.set(next);
  try {
    if (next) localStorage.setItem(KEY, JSON.stringify(next));
    else localStorage.removeItem(KEY);
  } catch {
    // Without storage the login lasts as long as the page.
  }
}

/** Why the login dialog is open; null: it is closed. */
export const loginWanted = createStore<{ reason: string; then?: () => void } | null>(null);

/** Open the login dialog; `then` goes on with what the visitor wanted. */
export function askToLogIn(reason: string, then?: () => void): void {
  loginWanted.set({ reason, then });
}

/** Name and role of a token, as it says itself (the server checks it; this is for the menu only). */
export function claimsOf(token: string): { name: string; role: Role } {
  const part = token.split(".")[1] ?? "";
  const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const claims = JSON.parse(new TextDecoder().decode(bytes)) as { sub: string; role: Role };
  return { name: claims.sub, role: claims.role };
}
