// Tests of the provider against a server that answers as Atoll does, and notes what it was asked.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, Client, createDataProvider, filterQuery } from "atoll-react-admin";

const json = (body, status = 200, headers = {}) => new Response(body === undefined ? null : JSON.stringify(body), { status, headers });

/** Returns a provider, and the requests that it sends. `answer` gets each of them. */
const provider = (answer, options = {}) => {
  const requests = [];
  const fetch = async (address, { method, headers, body }) => {
    const url = new URL(address);
    const request = { method, path: url.pathname, query: Object.fromEntries(url.searchParams), headers, body: body && JSON.parse(body) };
    requests.push(request);
    if (request.path === "/api/v1/auth/cookie") return json({ csrf_token: "csrf" });
    return answer(request, requests.length);
  };
  const client = new Client({ url: "http://atoll.test/api/v1", fetch, ...options });
  return { ...createDataProvider({ client, storage: options.storage }), client, requests };
};

const page = (data, more = {}) => json({ data, page: { limit: 2, next: null, prev: null, ...more } });
const list = (page, more = {}) => ({ pagination: { page, perPage: 2 }, sort: { field: "id", order: "DESC" }, filter: {}, ...more });

test("a list sends filters, order, fields and an estimate of its rows", async () => {
  const { getList, requests } = provider(() => page([{ id: 2 }, { id: 1 }], { total: 7, next: "n2" }));

  const answer = await getList("posts", list(1, { filter: { "title.contains": "a", author: { username: "ada" }, id: [1, 2] }, meta: { fields: ["id", "title"] } }));

  assert.deepEqual(requests[0].query, {
    "title.contains": "a", "author.username": "ada", "id.in": "1,2", sort: "-id", limit: "2", count: "estimate", fields: "id,title",
  });
  assert.deepEqual(answer.pageInfo, { hasNextPage: true, hasPreviousPage: false });
  assert.deepEqual(answer.meta, { total: 7, about: true });
});

test("the deleted rows of a list are asked for by its filter", async () => {
  const { getList, requests } = provider(() => page([]));

  await getList("posts", list(1, { filter: { deleted: "only" } }));
  await getList("posts", list(1, { meta: { deleted: "include" } }));

  assert.deepEqual(requests.map(({ query }) => query.deleted), ["only", "include"]);
});

test("pages follow the cursors of the pages before them, and are counted once", async () => {
  const { getList, requests } = provider(({ query }) => page([{ id: 1 }], query.cursor === "n2" ? { next: "n3", prev: "p1" } : { next: "n2", total: 9 }));

  await getList("posts", list(1));
  const second = await getList("posts", list(2));
  await getList("posts", list(3));

  assert.deepEqual(requests.map(({ query }) => [query.cursor, query.offset, query.count]), [
    [undefined, undefined, "estimate"], ["n2", undefined, undefined], ["n3", undefined, undefined],
  ]);
  assert.equal(second.meta.total, 9);
});

test("cursors survive a reload", async () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  await provider(() => page([{ id: 1 }], { next: "n2" }), { storage }).getList("posts", list(1));

  const { getList, requests } = provider(() => page([]), { storage });
  await getList("posts", list(2));

  assert.equal(requests[0].query.cursor, "n2");
});

test("another filter or order has cursors of its own", async () => {
  const { getList, requests } = provider(() => page([{ id: 1 }], { next: "n2" }));

  await getList("posts", list(1));
  await getList("posts", list(2, { filter: { status: "draft" } }));

  assert.deepEqual([requests[1].query.cursor, requests[1].query.offset], [undefined, "2"]);
});

test("an offset over 10,000 is never sent", async () => {
  const { getList, requests } = provider(() => page([]));

  await getList("posts", list(5_001));
  await assert.rejects(getList("posts", list(5_002)), (error) => error.has("page_out_of_reach"));

  assert.deepEqual(requests.map(({ query }) => query.offset), ["10000"]);
});

test("with a search, the default order gives way to the rank, and pages are counted", async () => {
  const { getList, requests } = provider(() => page([{ id: 1 }, { id: 2 }], { total: 3 }));

  const answer = await getList("posts", list(1, { filter: { q: "rust" }, meta: { defaultSort: "-id" } }));
  await getList("posts", list(1, { filter: { q: "rust" }, sort: { field: "title", order: "ASC" }, meta: { defaultSort: "-id" } }));

  assert.deepEqual(requests.map(({ query }) => query.sort), [undefined, "title"]);
  assert.equal(answer.pageInfo.hasNextPage, true);
});

test("rows of one parent are filtered by its id", async () => {
  const { getManyReference, requests } = provider(() => page([{ id: 5 }]));

  await getManyReference("comments", { ...list(1), target: "post_id", id: 7 });

  assert.equal(requests[0].path, "/api/v1/comments");
  assert.equal(requests[0].query.post_id, "7");
});

test("many rows are read in one request for each hundred", async () => {
  const { getMany, requests } = provider(({ query }) => page(query["id.in"].split(",").map((id) => ({ id: Number(id) }))));

  const ids = Array.from({ length: 150 }, (_, index) => index + 1);
  const { data } = await getMany("users", { ids: [...ids, 1], meta: { fields: ["id", "username"] } });

  assert.equal(data.length, 150);
  assert.deepEqual(requests.map(({ query }) => query["id.in"].split(",").length), [100, 50]);
  assert.equal(requests[0].query.fields, "id,username");
});

test("an update sends what changed, with the version that was read", async () => {
  const { update, requests } = provider(() => json({ id: 1, title: "New", version: 4 }));

  const before = { id: 1, title: "Old", content: "Same", version: 3 };
  await update("posts", { id: 1, data: { ...before, title: "New" }, previousData: before });

  const request = requests.at(-1);
  assert.deepEqual([request.method, request.body, request.headers["If-Match"], request.headers["X-CSRF-Token"]], ["PATCH", { title: "New" }, '"3"', "csrf"]);
});

test("a deletion sends the version that was read", async () => {
  const { delete: remove, requests } = provider(() => json(undefined, 204));

  await remove("posts", { id: 1, previousData: { id: 1, version: 3 } });

  assert.equal(requests.at(-1).headers["If-Match"], '"3"');
});

test("many changes are bulk requests of at most a thousand", async () => {
  const { updateMany, deleteMany, requests } = provider(() => json({ results: [] }));
  const ids = Array.from({ length: 1_500 }, (_, index) => index + 1);

  await updateMany("posts", { ids: [1, 2], data: { status: "draft" }, meta: { versions: { 2: 9 } } });
  const { data } = await deleteMany("posts", { ids });

  const [, update, first, second] = requests;
  assert.deepEqual(update.body.operations, [
    { op: "update", id: 1, data: { status: "draft" } },
    { op: "update", id: 2, data: { status: "draft" }, version: 9 },
  ]);
  assert.deepEqual([first.body.operations.length, second.body.operations.length, first.query.on_missing], [1_000, 500, "skip"]);
  assert.equal(data.length, 1_500);
});

test("the CSRF token is asked for once, and again after a refusal", async () => {
  let isRefused = false;
  const { create, requests } = provider(() => (isRefused ? json({ detail: "no", status: 403 }, 403) : json({ id: 1 })));
  const asked = () => requests.filter(({ path }) => path.endsWith("/auth/cookie")).length;

  await create("posts", { data: {} });
  await create("posts", { data: {} });
  assert.equal(asked(), 1);
  isRefused = true;
  await assert.rejects(create("posts", { data: {} }));
  isRefused = false;
  await create("posts", { data: {} });
  assert.equal(asked(), 2);
});

test("a token replaces the cookie", async () => {
  const { create, requests } = provider(() => json({ id: 1 }), { token: () => "atoll_key" });

  await create("posts", { data: {} });

  assert.equal(requests.length, 1);
  assert.equal(requests[0].headers.Authorization, "Bearer atoll_key");
});

test("refused fields become the errors of a form", async () => {
  const errors = [
    { pointer: "/slug", code: "taken", detail: "is taken" },
    { pointer: "/permissions/3", code: "unknown", detail: "is unknown" },
  ];
  const { create } = provider(() => json({ type: "t", title: "Refused", status: 422, code: "validation_failed", detail: "2 fields were refused", errors }, 422));

  await assert.rejects(create("posts", { data: {} }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual(error.body.errors, { slug: "is taken", permissions: "is unknown" });
    assert.equal(error.status, 422);
    return error.has("taken");
  });
});

test("the answer of a proxy is a failure too", async () => {
  const { getOne } = provider(() => new Response("<h1>Bad gateway</h1>", { status: 502, statusText: "Bad Gateway" }));

  await assert.rejects(getOne("posts", { id: 1 }), (error) => error.status === 502 && error.message === "Bad Gateway");
});

test("a caller whose credentials are refused is told once, and a failed sign-in is not one", async () => {
  let count = 0;
  const { client, getOne } = provider(() => json({ detail: "no", status: 401 }, 401), { onUnauthenticated: () => (count += 1) });

  await assert.rejects(getOne("posts", { id: 1 }));
  await assert.rejects(client.post("/auth/login", {}, { anonymous: true }));

  assert.equal(count, 1);
});

test("values with commas and quotes are quoted", () => {
  assert.deepEqual(filterQuery({ "title.in": ["a, b", 'say "x"', "c"], empty: "", none: null, zero: 0, no: false }), {
    "title.in": '"a, b","say \\"x\\"",c', zero: 0, no: false,
  });
});
