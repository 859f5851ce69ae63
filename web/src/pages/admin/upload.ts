import { keep, session } from "../../api/auth";
import type { Schemas } from "../../api/client";
import { Problem } from "../../api/problem";
import { apiUrl } from "../../lib/config";

export interface Upload {
  version: string;
  season: string;
  recipe: string;
  complete: boolean;
  files: readonly File[];
}

/** One fault of a refused upload. */
export interface Fault {
  file: string;
  line: number | null;
  column: string | null;
  reason: string;
}

export function addressOf({ version, season, recipe, complete }: Upload): string {
  const query = new URLSearchParams({ version });
  if (season) query.set("season", season);
  if (recipe) query.set("recipe", recipe);
  if (complete) query.set("complete", "true");
  return `${apiUrl}/admin/datasets/upload?${query.toString()}`;
}

/** Send files, telling the share that is sent; fetch cannot tell it. Throws `Problem`. */
export function send(upload: Upload, tell: (share: number) => void, signal: AbortSignal): Promise<Schemas["UploadAnswer"]> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", addressOf(upload));
    request.setRequestHeader("Accept", "application/json");
    const token = session.get()?.token;
    if (token) request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.upload.onprogress = (event) => event.lengthComputable && tell(event.loaded / event.total);
    request.onload = () => {
      const body = bodyOf(request);
      if (request.status >= 200 && request.status < 300) {
        resolve(body as Schemas["UploadAnswer"]);
        return;
      }
      if (request.status === 401) keep(null);
      reject(new Problem({ status: request.status, ...body }));
    };
    const lost = { code: "upload-lost", detail: "The connection was lost before the upload ended." };
    request.onerror = () => reject(new Problem({ ...lost, hint: "Send the files again: what is there already is recognised." }));
    request.onabort = () => reject(new Problem({ code: "upload-stopped", detail: "The upload was stopped.", hint: "Nothing of it was kept." }));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    const form = new FormData();
    upload.files.forEach((file) => form.append("files", file, file.name));
    request.send(form);
  });
}

function bodyOf(request: XMLHttpRequest): Record<string, unknown> {
  try {
    return JSON.parse(request.responseText) as Record<string, unknown>;
  } catch {
    return { detail: `The server answered ${request.status}.`, hint: "Try again in a little while." };
  }
}

/** The faults of a refusal, by file, then by line. */
export function faultsOf(problem: Problem): Fault[] {
  const told = (problem.body.errors ?? []) as readonly Partial<Fault & { message: string }>[];
  return told
    .filter((one) => typeof one.file === "string")
    .map((one) => ({
      file: one.file ?? "",
      line: one.line ?? null,
      column: one.column ?? null,
      reason: one.reason ?? one.message ?? "",
    }))
    .sort((a, b) => a.file.localeCompare(b.file) || (a.line ?? 0) - (b.line ?? 0));
}
