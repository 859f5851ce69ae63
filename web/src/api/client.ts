import createClient, { type Middleware } from "openapi-fetch";
import { apiUrl } from "../lib/config";
import { askToLogIn, keep, session } from "./auth";
import { problemOf } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** Adds the token, turns every error answer into a `Problem`, and asks to log in when the token's time is over. */
const guard: Middleware = {
  onRequest({ request }) {
    const token = session.get()?.token;
    if (token) request.headers.set("Authorization", `Bearer ${token}`);
    if (!request.headers.has("Accept")) request.headers.set("Accept", "application/json");
    return request;
  },
  async onResponse({ response, schemaPath }) {
    if (response.ok) return undefined;
    if (response.status === 401 && schemaPath !== "/auth/token") {
      const was = session.get();
      keep(null);
      askToLogIn(was ? "Your login has ended. Please log in again." : "Please log in to go on.");
    }
    throw await problemOf(response);
  },
};

/** The API, typed by its OpenAPI document. Throws `Problem`. */
export const api = createClient<paths>({ baseUrl: apiUrl });
api.use(guard);

/**
 * Return an answer's data; the guard has thrown where there is none. Say the schema's name: openapi-fetch's own types
 * forget how long the API's lists (boxes) are.
 */
export async function data<T>(answer: Promise<{ data?: unknown }>): Promise<T> {
  return (await answer).data as T;
}
