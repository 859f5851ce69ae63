import { createStore } from "../lib/store";

export type Theme = "auto" | "light" | "dark";

const KEY = "geocrop.theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function restore(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "auto";
  } catch {
    return "auto";
  }
}

export const theme = createStore<Theme>(restore());
/** What is shown, whoever chose it: the visitor or their system. */
export const shown = createStore<"light" | "dark">("light");

function apply(): void {
  const chosen = theme.get();
  const next = chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
  document.documentElement.dataset.theme = next;
  shown.set(next);
}

export function chooseTheme(next: Theme): void {
  theme.set(next);
  try {
    if (next === "auto") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  apply();
}

dark.addEventListener("change", apply);
apply();
