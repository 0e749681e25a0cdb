/** Creates, reads, changes, deletes and restores posts on the server at ATOLL_URL, and checks the answers. */
import assert from "node:assert/strict";
import { type Query, type Schemas, connect, held } from "./client.js";

type Posts = Query<"/api/v1/posts">;

const url = process.env.ATOLL_URL ?? "http://127.0.0.1:8080";
const name = `ada-${Date.now()}`;
const password = "correct horse battery staple";

// Sign in.
const anyone = connect(url);
const account = { username: name, email: `${name}@example.org`, password } satisfies Schemas["NewAccount"];
held(await anyone.POST("/api/v1/auth/register", { body: account }));
const { token, user } = held(await anyone.POST("/api/v1/auth/login", { body: { login: name, password } }));
const ada = connect(url, token);

// Create.
for (const title of ["Rust", "Rowan", "Ash", "Rye", "Rue"]) {
  const body: Schemas["NewPost"] = { title, content: `About ${title}.`, status: "published" };
  const post = held(await ada.POST("/api/v1/posts", { body }));
  assert.deepEqual([post.status, post.author_id], ["published", user.id]);
}

// List with filters, one of them on a relation, and with `sort`, `fields` and `include`.
const hers: Posts = { "author.username": name, title: { starts_with: "r" }, created_at: { gte: user.created_at } };
const query: Posts = { ...hers, sort: ["-title"], fields: ["title", "summary"], include: ["author"] };
const { data: posts } = held(await anyone.GET("/api/v1/posts", { params: { query } }));
assert.deepEqual(
  posts.map((post) => [post.title, post.author?.username, post.content]),
  ["Rye", "Rust", "Rue", "Rowan"].map((title) => [title, name, undefined]),
);

// Read page by page.
const titles = [];
const next: Posts = { ...hers, sort: ["title"], limit: 3 };
for (let pages = 1; ; pages++) {
  const { data, page } = held(await anyone.GET("/api/v1/posts", { params: { query: next } }));
  titles.push(...data.map((post) => post.title));
  if (page.next === null) {
    assert.equal(pages, 2);
    break;
  }
  next.cursor = page.next;
}
assert.deepEqual(titles, ["Rowan", "Rue", "Rust", "Rye"]);

// Change a post only if it still has the version that was read.
const [rye] = posts;
assert(rye);
const one = { params: { path: { id: rye.id } } };
const { response } = await ada.GET("/api/v1/posts/{id}", one);
const asRead = { params: { ...one.params, header: { "If-Match": response.headers.get("ETag") ?? "" } } };
const body: Schemas["PostPatch"] = { summary: "A cereal." };
const changed = held(await ada.PATCH("/api/v1/posts/{id}", { ...asRead, body }));
assert.deepEqual([changed.title, changed.summary, changed.version], ["Rye", "A cereal.", 2]);
const { error: stale } = await ada.PATCH("/api/v1/posts/{id}", { ...asRead, body });
assert.equal(stale?.code, "precondition_failed");

// Delete a post, list deleted posts, and restore it.
held(await ada.DELETE("/api/v1/posts/{id}", one));
const { error: gone } = await ada.GET("/api/v1/posts/{id}", one);
assert.equal(gone?.code, "not_found");
const deleted: Posts = { ...hers, deleted: "only" };
const bin = held(await ada.GET("/api/v1/posts", { params: { query: deleted } }));
assert.deepEqual(bin.data.map((post) => [post.id, typeof post.deleted_at]), [[rye.id, "string"]]);
const restored = held(await ada.POST("/api/v1/posts/{id}/restore", one));
assert.deepEqual([restored.title, restored.version], ["Rye", 4]);

// Handle a refusal: the code of a problem narrows its type.
const { error } = await ada.PATCH("/api/v1/posts/{id}", { ...one, body: { title: " ", slug: "No Slug" } });
assert(error?.code === "validation_failed");
const status: 422 = error.status;
const refused = error.errors?.map(({ pointer }) => pointer);
assert.deepEqual([status, refused?.sort()], [422, ["/slug", "/title"]]);

console.log(`The answers of ${url} match the types.`);
