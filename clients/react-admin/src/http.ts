/** Sends requests to the API: credentials, the CSRF token of a cookie, and failures as typed errors. */

/** The body of every failure (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  instance?: string;
  request_id?: string;
  errors?: Refusal[];
  committed_lines?: number;
}

/** One refused field of a body (`pointer`), parameter of a query, or line of a file. */
export interface Refusal {
  code: string;
  detail: string;
  pointer?: string;
  parameter?: string;
  line?: number;
}

/** A failure of a request. `body.errors` has the texts by field, as the forms of react-admin expect them. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;
  readonly body: { errors?: Record<string, string> };
  /** The seconds after which a retry may succeed. */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem, retryAfter?: number) {
    super(problem.detail || problem.title);
    this.name = "ApiError";
    this.status = problem.status;
    this.problem = problem;
    this.retryAfter = retryAfter;
    const errors = errorsByField(problem.errors ?? []);
    this.body = Object.keys(errors).length > 0 ? { errors } : {};
  }

  /** Whether a refusal has this code. */
  has(code: string): boolean {
    return this.problem.code === code || (this.problem.errors ?? []).some((refusal) => refusal.code === code);
  }
}

/** Only the first part of a pointer names a field: `/permissions/3` is a value of `permissions`. */
const errorsByField = (refusals: Refusal[]): Record<string, string> => {
  const errors: Record<string, string> = {};
  for (const { pointer, detail } of refusals) {
    const field = pointer?.split("/")[1]?.replaceAll("~1", "/").replaceAll("~0", "~");
    if (field) errors[field] = errors[field] ? `${errors[field]} ${detail}` : detail;
  }
  return errors;
};

export type Query = Record<string, string | number | boolean | null | undefined>;

export interface RequestOptions {
  query?: Query;
  /** Is sent as JSON. */
  body?: unknown;
  /** The version that the row must have; otherwise the answer is 412. */
  version?: number;
  signal?: AbortSignal;
  /** The request does not use the caller's cookie, so it needs no CSRF token: a sign-in. */
  anonymous?: boolean;
}

export interface ClientOptions {
  /** The base of the API, such as `https://example.org/api/v1`. */
  url: string;
  /** Returns a token or an API key. Without it the cookie of `POST /auth/cookie` is used. */
  token?: () => string | null | undefined;
  fetch?: typeof fetch;
  /** Is called when the credentials of the caller are refused. */
  onUnauthenticated?: () => void;
}

const READS = ["GET", "HEAD"];

export class Client {
  readonly url: string;
  private csrf: Promise<string> | undefined;

  constructor(private readonly options: ClientOptions) {
    this.url = options.url.replace(/\/$/, "");
  }

  get = <T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> =>
    this.send("GET", path, signal ? { query, signal } : { query });
  post = <T>(path: string, body?: unknown, options: RequestOptions = {}): Promise<T> => this.send("POST", path, { ...options, body });
  patch = <T>(path: string, body: unknown, options: RequestOptions = {}): Promise<T> => this.send("PATCH", path, { ...options, body });
  put = <T>(path: string, options: RequestOptions = {}): Promise<T> => this.send("PUT", path, options);
  delete = <T>(path: string, options: RequestOptions = {}): Promise<T> => this.send("DELETE", path, options);

  /** Returns the address of a path with its query string. */
  href(path: string, query: Query = {}): string {
    const text = queryString(query);
    return this.url + path + (text ? `?${text}` : "");
  }

  /** Returns the headers that a request needs beside its own. */
  async headers(method: string): Promise<Record<string, string>> {
    const token = this.options.token?.();
    if (token) return { Authorization: `Bearer ${token}` };
    return READS.includes(method) ? {} : { "X-CSRF-Token": await this.csrfToken() };
  }

  /** Remembers the token that signing in returned. `undefined` forgets it. */
  setCsrfToken(token: string | undefined): void {
    this.csrf = token === undefined ? undefined : Promise.resolve(token);
  }

  async send<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const { query, body, version, signal, anonymous } = options;
    const headers: Record<string, string> = anonymous ? {} : await this.headers(method);
    headers.Accept = "application/json";
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (version !== undefined) headers["If-Match"] = `"${version}"`;
    const response = await this.fetch(this.href(path, query), {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    if (!response.ok) {
      if (response.status === 401 && !anonymous) this.options.onUnauthenticated?.();
      throw await this.error(response);
    }
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
  }

  private async fetch(address: string, init: RequestInit): Promise<Response> {
    try {
      return await (this.options.fetch ?? fetch)(address, { credentials: "same-origin", ...init });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ApiError({ type: "about:blank", title: "Unreachable", status: 0, code: "unreachable", detail: "The server does not answer." });
    }
  }

  private async error(response: Response): Promise<ApiError> {
    // A new sign-in, in another tab too, has a token of its own.
    if (response.status === 401 || response.status === 403) this.csrf = undefined;
    const text = await response.text();
    const retryAfter = Number(response.headers.get("Retry-After")) || undefined;
    return new ApiError(asProblem(text, response), retryAfter);
  }

  private csrfToken(): Promise<string> {
    this.csrf ??= this.get<{ csrf_token: string }>("/auth/cookie").then((answer) => answer.csrf_token);
    this.csrf.catch(() => (this.csrf = undefined));
    return this.csrf;
  }
}

/** A proxy may answer with a page of its own. */
const asProblem = (text: string, { status, statusText }: Response): Problem => {
  try {
    const problem = JSON.parse(text) as Problem;
    if (typeof problem.detail === "string") return { ...problem, status };
  } catch {
    // The status has to do.
  }
  return { type: "about:blank", title: statusText, status, code: "unknown", detail: statusText || `The server answered with the status ${status}.` };
};

export const queryString = (query: Query): string => {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  return parameters.toString();
};
