/** The client of this page, and the data provider on it. */
import { Client, createDataProvider } from "atoll-react-admin";

import type { components } from "./schema";

export type Schemas = components["schemas"];

/** Is sent to `window` when the server no longer accepts the session of this page. */
export const SESSION_ENDED = "atoll-session-ended";

export const client = new Client({ url: "/api/v1", onUnauthenticated: () => window.dispatchEvent(new Event(SESSION_ENDED)) });

export const dataProvider = createDataProvider({ client, storage: sessionStorage });

/** One page of a list. */
export interface Page<T> {
  data: T[];
  page: { limit: number; next: string | null; prev: string | null; total?: number | null };
}
