import { afterEach, describe, expect, it, vi } from "vitest";
import { keep } from "./auth";
import { Problem } from "./problem";
import { EventParser, follow, type ServerEvent } from "./sse";

function answer(...parts: string[]): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      parts.forEach((part) => controller.enqueue(encoder.encode(part)));
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

async function all(events: AsyncGenerator<ServerEvent>): Promise<ServerEvent[]> {
  const found: ServerEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

afterEach(() => {
  vi.unstubAllGlobals();
  keep(null);
});

describe("EventParser", () => {
  it("puts events together that come in pieces, and skips heartbeats", () => {
    const parser = new EventParser();
    expect(parser.push("retry: 2000\n\n: heartbeat\n\nid: 7\r\nevent: prog")).toEqual([]);
    expect(parser.push('ress\r\ndata: {"a":\r\ndata: 1}\r\n\r\n')).toEqual([{ id: "7", type: "progress", data: '{"a":\n1}' }]);
  });
});

describe("follow", () => {
  it("goes on after the last event when the connection is lost, and ends with a final one", async () => {
    keep({ name: "ada", role: "recruiter", token: "secret", expires: Date.now() + 1e6 });
    const asked: Headers[] = [];
    const answers = [
      () => Promise.resolve(answer("id: 1\nevent: queued\ndata: {}\n\n")),
      () => Promise.reject(new TypeError("network")),
      () => Promise.resolve(answer("id: 2\nevent: progress\ndata: {}\n\n", "id: 3\nevent: ready\ndata: {}\n\n", "id: 4\ndata: no\n\n")),
    ];
    vi.stubGlobal("fetch", (_: string, init: RequestInit) => {
      asked.push(new Headers(init.headers));
      return answers[asked.length - 1]?.();
    });
    const found = await all(follow("/events", { signal: new AbortController().signal, final: ["ready"], retryMs: 1 }));
    expect(found.map((one) => one.type)).toEqual(["queued", "progress", "ready"]);
    expect(asked.map((one) => one.get("Last-Event-ID"))).toEqual([null, "1", "1"]);
    expect(asked.every((one) => one.get("Authorization") === "Bearer secret")).toBe(true);
  });

  it("ends when all was told before", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(null, { status: 204 })));
    expect(await all(follow("/events", { signal: new AbortController().signal }))).toEqual([]);
  });

  it("gives up with the API's problem when it is refused", async () => {
    const problem = { code: "not-found", detail: "There is no such prediction.", status: 404 };
    vi.stubGlobal("fetch", () =>
      Promise.resolve(new Response(JSON.stringify(problem), { status: 404, headers: { "content-type": "application/problem+json" } })),
    );
    await expect(all(follow("/events", { signal: new AbortController().signal }))).rejects.toThrow(Problem);
  });
});
