/** Translates the filters of react-admin to the parameters of a list. */
import type { Query } from "./http.js";

/**
 * A filter is `{ "title.contains": "rust" }` or `{ title: { contains: "rust" } }`, the nested form of react-admin's inputs; `q` and `deleted` are
 * parameters like any other. A list of values becomes `in`.
 */
export const filterQuery = (filter: Record<string, unknown>, prefix = ""): Query => {
  const query: Query = {};
  for (const [name, value] of Object.entries(filter)) {
    const path = prefix + name;
    if (value === undefined || value === null || value === "") continue;
    if (Array.isArray(value)) {
      if (value.length > 0) query[/\.n?in$/.test(path) ? path : `${path}.in`] = listValue(value);
    } else if (typeof value === "object") Object.assign(query, filterQuery(value as Record<string, unknown>, `${path}.`));
    else query[path] = value as string | number | boolean;
  }
  return query;
};

/** Values with a comma or a quote are put in double quotes. */
export const listValue = (values: unknown[]): string =>
  values.map((value) => (/[",\\]/.test(String(value)) ? `"${String(value).replace(/["\\]/g, "\\$&")}"` : String(value))).join(",");
