/** What must not compile: `tsc` complains where one of these is no error. Nothing of this is ever run. */
import { type Query, type Schemas, connect } from "./client.js";

type Posts = Query<"/api/v1/posts">;

export const queries: Posts[] = [
  // @ts-expect-error no such filter
  { limit: 20, titel: "Rye" },
  // @ts-expect-error no such operator
  { title: { like: "Rye" } },
  // @ts-expect-error an operator of texts alone
  { created_at: { contains: "2026" } },
  // @ts-expect-error a number
  { limit: "20" },
  // @ts-expect-error too heavy to sort by
  { sort: ["content"] },
  // @ts-expect-error no such member
  { fields: ["password_hash"] },
  // @ts-expect-error no such relation
  { include: ["editor"] },
];

export const drafts: Schemas["NewPost"][] = [
  // @ts-expect-error a post has a content
  { title: "Rye" },
  // @ts-expect-error no such state
  { title: "Rye", content: "About Rye.", status: "gone" },
];

// @ts-expect-error an author is not changed
export const patch: Schemas["PostPatch"] = { title: "Rye", author_id: 2 };

export async function calls(): Promise<void> {
  const server = connect("http://127.0.0.1:8080");
  const one = { params: { path: { id: 1 } } };

  // @ts-expect-error no such path
  await server.GET("/api/v1/poems");
  // @ts-expect-error no such method
  await server.PUT("/api/v1/posts/{id}", one);
  // @ts-expect-error it needs an id
  await server.GET("/api/v1/posts/{id}");

  const { data, error } = await server.GET("/api/v1/posts/{id}", one);
  // @ts-expect-error there may be none
  data.id;
  // @ts-expect-error `fields` may have left it out
  data?.title.trim();
  // @ts-expect-error no member of a post
  data?.username;
  // @ts-expect-error no such problem
  error?.code === "gone";
}
