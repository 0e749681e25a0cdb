/** A data provider of react-admin on the REST contract of Atoll. */
import type { DataProvider, GetListParams, Identifier, RaRecord } from "ra-core";

import { filterQuery, listValue } from "./filters.js";
import { ApiError, queryString, type Client, type Query } from "./http.js";
import { Pages, type CursorStorage } from "./pages.js";

/** What `meta` of a request may hold. */
export interface RequestMeta {
  /** The fields that are read. */
  fields?: string[];
  /** The relations that are included. */
  include?: string[];
  deleted?: "exclude" | "include" | "only";
  /** How rows are counted: `estimate` by default, `none` saves the count. */
  count?: "none" | "exact" | "estimate";
  /** With a search, this order gives way to the rank of the results. */
  defaultSort?: string;
  /** The versions that the rows of `updateMany` must have, by id. */
  versions?: Record<string, number>;
}

/** What `meta` of a list holds. */
export interface ListMeta {
  total: number | undefined;
  /** Whether `total` is an estimate. */
  about: boolean;
}

export interface Row extends RaRecord<number> {
  version?: number;
}

interface Page {
  data: Row[];
  page: { limit: number; next: string | null; prev: string | null; total?: number | null };
}

export interface Impact {
  action: "delete" | "purge";
  rows: { resource: string; count: number }[];
}

export interface ProviderOptions {
  client: Client;
  /** Keeps the cursors of visited pages through a reload: `sessionStorage`. */
  storage?: CursorStorage;
}

export interface AtollDataProvider extends DataProvider {
  restore(resource: string, id: Identifier): Promise<void>;
  purge(resource: string, id: Identifier): Promise<void>;
  impact(resource: string, id: Identifier): Promise<Impact>;
  revert(resource: string, id: Identifier, to: number, version?: number): Promise<Row>;
  /** Returns the address of a file with all rows that match a filter. */
  exportUrl(resource: string, format: "ndjson" | "csv", filter?: Record<string, unknown>, fields?: string[]): string;
}

/** Operations that one bulk request may have. */
const BULK = 1_000;
/** Values that `in` may have, and rows that a page may have. */
const MANY = 100;

export const createDataProvider = ({ client, storage }: ProviderOptions): AtollDataProvider => {
  const pages = new Pages(storage);

  const list = async (resource: string, params: Omit<GetListParams, "filter"> & { filter?: unknown }, target: Query = {}) => {
    const meta = (params.meta ?? {}) as RequestMeta;
    const { page, perPage } = params.pagination ?? { page: 1, perPage: 20 };
    const filters: Query = { deleted: meta.deleted, ...filterQuery((params.filter ?? {}) as Record<string, unknown>), ...target };
    const query: Query = { ...filters, ...sortQuery(params.sort, meta, filters.q), limit: perPage };
    const key = `${resource}?${queryString(query)}`;
    const position = pages.position(key, page, perPage);
    if (position === undefined) throw unreachable(page);
    const count = meta.count ?? "estimate";
    if (page === 1 || pages.total(key) === undefined) query.count = count;
    Object.assign(query, position, contents(meta), filters);

    const answer = await client.get<Page>(`/${resource}`, query, params.signal);
    pages.visited(key, page, answer.page);
    const total = pages.total(key);
    // Ranked results have no cursors: their pages are counted.
    const isRanked = filters.q !== undefined && query.sort === undefined;
    const hasMore = isRanked && answer.data.length === perPage && (total === undefined || page * perPage < total);
    return {
      data: answer.data,
      pageInfo: { hasNextPage: answer.page.next !== null || hasMore, hasPreviousPage: page > 1 },
      meta: { total, about: count === "estimate" } satisfies ListMeta,
    };
  };

  const bulk = async (resource: string, operations: { op: string; id: Identifier }[], query: Query = {}) => {
    const done: Identifier[] = [];
    for (const part of chunks(operations, BULK)) {
      await client.post(`/${resource}/bulk`, { operations: part }, { query });
      done.push(...part.map(({ id }) => id));
    }
    return done;
  };

  const provider = {
    supportAbortSignal: true,

    getList: (resource, params) => list(resource, params),

    getManyReference: (resource, params) => list(resource, params, { [params.target]: params.id as string }),

    getOne: async (resource, { id, meta, signal }) => ({ data: await client.get<Row>(`/${resource}/${id}`, contents(meta), signal) }),

    getMany: async (resource, { ids, meta, signal }) => {
      const parts = chunks([...new Set(ids)], MANY).map((part) =>
        client.get<Page>(`/${resource}`, { "id.in": listValue(part), limit: MANY, ...contents(meta) }, signal),
      );
      return { data: (await Promise.all(parts)).flatMap(({ data }) => data) };
    },

    create: async (resource, { data }) => ({ data: await client.post<Row>(`/${resource}`, data) }),

    update: async (resource, { id, data, previousData }) => {
      const version = (previousData as Row | undefined)?.version ?? (data as Row).version;
      const changed = changes(data, previousData);
      const options = version === undefined ? {} : { version };
      return { data: await client.patch<Row>(`/${resource}/${id}`, changed, options) };
    },

    updateMany: async (resource, { ids, data, meta }) => {
      const { versions = {} } = (meta ?? {}) as RequestMeta;
      const operations = ids.map((id) => ({ op: "update", id, data, ...(versions[String(id)] && { version: versions[String(id)] }) }));
      return { data: await bulk(resource, operations) };
    },

    delete: async (resource, { id, previousData }) => {
      const { version } = (previousData ?? {}) as Row;
      await client.delete(`/${resource}/${id}`, version === undefined ? {} : { version });
      return { data: previousData ?? { id } };
    },

    deleteMany: async (resource, { ids }) => ({
      data: await bulk(resource, ids.map((id) => ({ op: "delete", id })), { on_missing: "skip" }),
    }),

    restore: (resource, id) => client.post(`/${resource}/${id}/restore`),
    purge: (resource, id) => client.post(`/${resource}/${id}/purge`),
    impact: (resource, id) => client.get(`/${resource}/${id}/impact`),
    revert: (resource, id, to, version) =>
      client.post(`/${resource}/${id}/revert`, { version: to }, version === undefined ? {} : { version }),
    exportUrl: (resource, format, filter = {}, fields) =>
      client.href(`/${resource}/export`, { ...filterQuery(filter), format, fields: fields?.join(",") }),
  } as AtollDataProvider;
  return provider;
};

const contents = ({ fields, include, deleted }: RequestMeta = {}): Query => ({
  fields: fields?.join(","),
  include: include?.join(","),
  deleted,
});

const sortQuery = (sort: GetListParams["sort"], { defaultSort }: RequestMeta, q: unknown): Query => {
  if (!sort?.field) return {};
  const text = (sort.order === "DESC" ? "-" : "") + sort.field;
  return q !== undefined && text === defaultSort ? {} : { sort: text };
};

/** Only changed fields are sent. */
const changes = (data: Record<string, unknown>, before: Record<string, unknown> | undefined): Record<string, unknown> => {
  const changed = Object.entries(data).filter(
    ([name, value]) => name !== "id" && name !== "version" && value !== undefined && JSON.stringify(value) !== JSON.stringify(before?.[name]),
  );
  return Object.fromEntries(changed);
};

const chunks = <T>(values: T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));

const unreachable = (page: number): ApiError =>
  new ApiError({
    type: "about:blank",
    title: "Page out of reach",
    status: 400,
    code: "page_out_of_reach",
    detail: `Page ${page} can only be reached from the page before it.`,
  });
