/** Calls Atoll with the types of its OpenAPI document. `npm run generate` generates them as `schema.d.ts`. */
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type Schemas = components["schemas"];
export type Query<Path extends keyof paths> = NonNullable<paths[Path]["get"]> extends { parameters: { query?: infer Of } }
  ? NonNullable<Of>
  : never;

/** Returns a client. `url` is the root of the server; without a token the calls are anonymous. */
export function connect(url: string, token?: string) {
  return createClient<paths>({
    baseUrl: url,
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    // `sort=-created_at,title` and `created_at[gte]=…`
    querySerializer: {
      array: { style: "form", explode: false },
      object: { style: "deepObject", explode: true },
    },
  });
}

/** A problem as an exception, for callers who prefer to catch it. */
export class Refused extends Error {
  constructor(readonly problem: Schemas["Problem"]) {
    super(`${problem.code}: ${problem.detail}`);
  }
}

/** Returns the data of a successful answer, or `undefined` if it has no content. Throws `Refused` for a problem. */
export function held<T>(answer: { data?: T; error?: Schemas["Problem"] }): T {
  if (answer.error !== undefined) {
    throw new Refused(answer.error);
  }
  return answer.data as T;
}
