import type { components } from "./schema";

type ProblemBody = components["schemas"]["Problem"];

/** An error as the API tells it (problem+json), or one of the network between. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly hint: string;
  readonly fields: readonly { where: string; message: string }[];
  /** The body as it came: some problems carry more than the form says. */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(body: Partial<ProblemBody> & Record<string, unknown>) {
    super(body.detail ?? "Something went wrong.");
    this.name = "Problem";
    this.code = body.code ?? "unknown";
    this.status = body.status ?? 0;
    this.hint = body.hint ?? "";
    this.fields = body.errors ?? [];
    this.body = body;
  }
}

/** Read the problem that an answer tells; a proxy's own error page is one too. */
export async function problemOf(answer: Response): Promise<Problem> {
  const kind = answer.headers.get("content-type") ?? "";
  if (kind.includes("json")) return new Problem((await answer.json()) as Partial<ProblemBody>);
  return new Problem({
    status: answer.status,
    code: "no-problem-form",
    detail: `The server answered ${answer.status}.`,
    hint: "Try again in a little while.",
  });
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({
    code: "unreachable",
    detail: "The server cannot be reached.",
    hint: "Check your connection; the page tries again by itself.",
  });
}
