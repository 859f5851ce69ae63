import { session } from "./auth";
import { problemOf } from "./problem";

export interface ServerEvent {
  id: string | null;
  type: string;
  data: string;
}

const RETRY_MS = 2_000;
const MAX_RETRY_MS = 15_000;

/** Splits a stream of text into Server-Sent Events; `push` returns those that are complete. */
export class EventParser {
  private rest = "";

  push(text: string): ServerEvent[] {
    const blocks = (this.rest + text).replaceAll("\r\n", "\n").split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.map(parse).filter((event): event is ServerEvent => event !== null);
  }
}

function parse(block: string): ServerEvent | null {
  const event: ServerEvent = { id: null, type: "message", data: "" };
  const lines: string[] = [];
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at <= 0) continue; // a comment: a heartbeat
    const value = line.slice(at + 1).replace(/^ /, "");
    const name = line.slice(0, at);
    if (name === "id") event.id = value;
    else if (name === "event") event.type = value;
    else if (name === "data") lines.push(value);
  }
  event.data = lines.join("\n");
  return lines.length > 0 ? event : null;
}

/**
 * Follow a stream with the token in a header, which EventSource cannot send, and go on after the last event when the
 * connection is lost. Ends with an event of a final type, with the server's 204, or with `signal`.
 */
export async function* follow(
  address: string,
  options: { signal: AbortSignal; final?: readonly string[]; retryMs?: number },
): AsyncGenerator<ServerEvent> {
  const { signal, final = [], retryMs = RETRY_MS } = options;
  let last: string | null = null;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const answer: Response = await fetch(address, { signal, headers: headersOf(last), cache: "no-store" });
      if (answer.status === 204) return;
      if (answer.status >= 400 && answer.status < 500) throw await problemOf(answer);
      if (answer.ok && answer.body) {
        for await (const event of read(answer.body)) {
          failures = 0;
          last = event.id ?? last;
          yield event;
          if (final.includes(event.type)) return;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof TypeError)) throw error; // TypeError: the network
    }
    failures += 1;
    await pause(Math.min(retryMs * failures, MAX_RETRY_MS), signal);
  }
}

function headersOf(last: string | null): Record<string, string> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  const token = session.get()?.token;
  if (token) headers.Authorization = `Bearer ${token}`;
  if (last) headers["Last-Event-ID"] = last;
  return headers;
}

async function* read(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (window.clearTimeout(timer), resolve()), { once: true });
  });
}
