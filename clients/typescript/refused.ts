/** Calls that must not compile: `tsc` reports each one that is not an error. This file never runs. */
import { type Query, type Schemas, connect } from "./client.js";

type Posts = Query<"/api/v1/posts">;

export const queries: Posts[] = [
  // @ts-expect-error unknown filter
  { limit: 20, titel: "Rye" },
  // @ts-expect-error unknown operator
  { title: { like: "Rye" } },
  // @ts-expect-error only texts have this operator
  { created_at: { contains: "2026" } },
  // @ts-expect-error must be a number
  { limit: "20" },
  // @ts-expect-error heavy fields cannot be sorted by
  { sort: ["content"] },
  // @ts-expect-error unknown field
  { fields: ["password_hash"] },
  // @ts-expect-error unknown relation
  { include: ["editor"] },
];

export const drafts: Schemas["NewPost"][] = [
  // @ts-expect-error a post must have content
  { title: "Rye" },
  // @ts-expect-error unknown status
  { title: "Rye", content: "About Rye.", status: "gone" },
];

// @ts-expect-error the author cannot be changed
export const patch: Schemas["PostPatch"] = { title: "Rye", author_id: 2 };

export async function calls(): Promise<void> {
  const server = connect("http://127.0.0.1:8080");
  const one = { params: { path: { id: 1 } } };

  // @ts-expect-error unknown path
  await server.GET("/api/v1/poems");
  // @ts-expect-error the path does not have this method
  await server.PUT("/api/v1/posts/{id}", one);
  // @ts-expect-error the id is missing
  await server.GET("/api/v1/posts/{id}");

  const { data, error } = await server.GET("/api/v1/posts/{id}", one);
  // @ts-expect-error data may be undefined
  data.id;
  // @ts-expect-error a post has no username
  data?.username;
  // @ts-expect-error unknown code of a problem
  error?.code === "gone";
}
