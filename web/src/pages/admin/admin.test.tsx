import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keep } from "../../api/auth";
import { Problem } from "../../api/problem";
import AdminPage from "./AdminPage";
import { ChangeChampion } from "./ChangeChampion";
import { ConfusionMatrix } from "./ConfusionMatrix";
import { ClassBalance, Refusal, UploadForm } from "./DatasetsPage";
import type { Model } from "./queries";
import { JobCard } from "./TrainingPage";
import { addressOf, faultsOf } from "./upload";

const HOUR = 3_600_000;

// The client keeps the `fetch` that is there when it is made: this one is there before, and tests say what it does.
const net = vi.hoisted(() => {
  const found: { fetch: (request: Request) => Promise<Response> } = { fetch: () => Promise.reject(new TypeError("no network")) };
  globalThis.fetch = (input, options) =>
    found.fetch(input instanceof Request ? input : new Request(new URL(String(input), "http://localhost"), options));
  return found;
});

function show(children: ReactNode) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <QueryClientProvider client={queries}>
      <Tooltip.Provider>{children}</Tooltip.Provider>
    </QueryClientProvider>,
  );
}

/** Answers of the API, by method and path. */
function serve(answers: Record<string, (body: unknown) => [number, unknown]>) {
  const asked: { route: string; body: unknown }[] = [];
  net.fetch = async (request) => {
    const route = `${request.method} ${new URL(request.url).pathname}`;
    const text = await request.text();
    const body: unknown = text ? JSON.parse(text) : null;
    asked.push({ route, body });
    const [status, answer] = answers[route]?.(body) ?? [404, { detail: `nothing at ${route}` }];
    return new Response(JSON.stringify(answer), { status, headers: { "Content-Type": "application/json" } });
  };
  return asked;
}

const job = {
  id: "j1", kind: "promotion", state: "ready", partition: "2024-06|Raw", lane: "batch", position: null, progress: 100, step: null,
  stage: 1, stages: ["prepare_dataset", "train_models"], reason: null, reason_code: null, cancelling: false, user: "ada",
  request: {}, result: { model_version: 3, gate: "passed" }, run_id: "r", run_url: null, created_at: "2026-11-21T12:00:00Z",
  started_at: null, ended_at: null,
}; // prettier-ignore

const model: Model = {
  version: 3, label: null, dataset_version: "2024-06", variant: "Raw", recipe: "s2@1", champion: false, aliases: [],
  created: "2026-11-21T12:00:00Z", metrics: {}, gate: null,
}; // prettier-ignore

beforeEach(() => keep({ name: "ada", role: "admin", token: "t", expires: Date.now() + HOUR }));
afterEach(() => keep(null));

describe("who may come in", () => {
  it("asks a visitor to log in, without asking the API", () => {
    keep(null);
    const asked = serve({});
    show(<AdminPage />);
    expect(screen.getByRole("heading", { name: "This part is for administrators" })).toBeTruthy();
    expect(screen.getByRole("button", { name: "Log in" })).toBeTruthy();
    expect(asked).toEqual([]);
  });

  it("tells a recruiter, and offers no login", () => {
    keep({ name: "rita", role: "recruiter", token: "t", expires: Date.now() + HOUR });
    serve({});
    show(<AdminPage />);
    expect(screen.getByText(/Your account can have maps made/)).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Log in" })).toBeNull();
  });
});

describe("an upload", () => {
  it("is addressed with what was told, and nothing else", () => {
    const upload = { version: "2024-06", season: "", recipe: "", complete: true, files: [] };
    expect(addressOf(upload)).toMatch(/\/admin\/datasets\/upload\?version=2024-06&complete=true$/);
    expect(addressOf({ ...upload, season: "2023-2024", complete: false })).toMatch(/version=2024-06&season=2023-2024$/);
  });

  it("that was refused tells its faults by file and line", () => {
    const fault = (file: string, line: number, column: string | null) => ({ where: `files.${file}`, message: "wrong", file, line, column, code: "x", reason: `wrong in ${line}` });
    const problem = new Problem({ errors: [fault("b.csv", 9, "lat"), fault("b.csv", 2, null), fault("a.csv", 5, "lon")] });
    expect(faultsOf(problem).map(({ file, line }) => `${file}:${line}`)).toEqual(["a.csv:5", "b.csv:2", "b.csv:9"]);
    show(<Refusal problem={problem} />);
    expect(screen.getAllByRole("row")).toHaveLength(4);
    expect(within(screen.getAllByRole("row")[1] as HTMLElement).getByText("lon")).toBeTruthy();
  });

  it("needs a file, and lets one be left out again", async () => {
    const user = userEvent.setup();
    show(<UploadForm versions={[]} />);
    const button = () => screen.getByRole("button", { name: /^Upload/ }) as HTMLButtonElement;
    expect(button().disabled).toBe(true);
    await user.upload(screen.getByLabelText("CSV files"), new File(["a,b"], "mutoko.csv", { type: "text/csv" }));
    expect(button().textContent).toBe("Upload 1 file");
    await user.click(screen.getByRole("button", { name: "Leave mutoko.csv out" }));
    expect(button().disabled).toBe(true);
  });
});

it("shows the balance of classes, and says when one is rare", () => {
  show(<ClassBalance labels={{ soya: 10, maize: 400 }} />);
  expect(screen.getAllByRole("listitem").map((one) => one.textContent)).toEqual(["maize400", "soya10"]);
  expect(screen.getByText(/40 times fewer samples of soya/)).toBeTruthy();
});

it("shows a confusion matrix with counts and shares", () => {
  show(<ConfusionMatrix version={3} report={{ classes: ["maize", "soya"], confusion: [[9, 1], [0, 5]], method: "", warnings: ["few samples"] }} />);
  expect(screen.getByRole("row", { name: "maize 9 90 % 1 10 %" })).toBeTruthy();
  expect(screen.getByText("few samples")).toBeTruthy();
});

it("shows a training on its way, and stops it", async () => {
  const user = userEvent.setup();
  const running = { ...job, kind: "training", state: "running", progress: 40, stage: 2, step: "fitting xgboost", result: null };
  const asked = serve({ "DELETE /admin/training/j1": () => [202, { ...running, cancelling: true }] });
  show(<JobCard job={running} />);
  expect(screen.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("40");
  expect(screen.getByText(/stage 2 of 2 \(train_models\).*fitting xgboost/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Stop" }));
  await waitFor(() => expect(asked.map((one) => one.route)).toContain("DELETE /admin/training/j1"));
});

describe("a promotion", () => {
  it("the gate refuses is done over it only when somebody says so", async () => {
    const user = userEvent.setup();
    const refusal = { status: 409, code: "gate-refused", detail: "no", errors: [{ where: "gate.no-class-down", message: "maize is worse" }] };
    const asked = serve({
      "POST /admin/models/3/promote": (body) => ((body as { override_gate: boolean }).override_gate ? [202, job] : [409, refusal]),
      "GET /admin/jobs/j1": () => [200, job],
    });
    show(<ChangeChampion act={{ kind: "promote", version: 3 }} models={[model]} onClose={() => undefined} />);
    expect(screen.queryByRole("checkbox")).toBeNull();
    await user.type(screen.getByLabelText("Why?"), "better on soya");
    await user.click(screen.getByRole("button", { name: "Promote" }));
    expect(await screen.findByText("maize is worse")).toBeTruthy();
    await user.click(screen.getByRole("checkbox"));
    await user.click(screen.getByRole("button", { name: "Promote" }));
    expect(await screen.findByText("All new maps are made with the new champion.")).toBeTruthy();
    const sent = asked.filter((one) => one.route.startsWith("POST")).map((one) => one.body);
    expect(sent).toEqual([
      { reason: "better on soya", override_gate: false },
      { reason: "better on soya", override_gate: true },
    ]);
  });

  it("is rolled back to the champion before, unless a version is chosen", async () => {
    const user = userEvent.setup();
    const failed = { ...job, state: "failed", reason: "another promotion came between" };
    const asked = serve({ "POST /admin/models/rollback": () => [202, job], "GET /admin/jobs/j1": () => [200, failed] });
    show(<ChangeChampion act={{ kind: "rollback" }} models={[model]} onClose={() => undefined} />);
    await user.type(screen.getByLabelText("Why?"), "it was worse");
    await user.click(screen.getByRole("button", { name: "Roll back" }));
    expect(await screen.findByText("another promotion came between")).toBeTruthy();
    expect(asked[0]?.body).toEqual({ reason: "it was worse", version: null });
  });
});
