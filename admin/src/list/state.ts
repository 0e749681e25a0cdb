/** What a list shows: its columns, and the filters of its address. All of it lives in the URL, so that a link shows the same. */
import type { Field, Resource } from "../api/meta";

/** Filters by parameter, such as `{ "title.contains": "rust", "q": "web", "deleted": "only" }`. */
export type Filters = Record<string, string>;

export interface Condition {
  field: string;
  operator: string;
  value: string;
}

/** Parameters that are no conditions on a field. */
const OTHERS = ["q", "deleted", "or"];

export const conditionsOf = (filters: Filters): Condition[] =>
  Object.entries(filters)
    .filter(([name]) => !OTHERS.includes(name))
    .map(([name, value]) => {
      const [field = "", operator = "eq"] = name.split(".");
      return { field, operator, value: String(value) };
    });

export const filtersOf = (conditions: Condition[], others: Filters): Filters => {
  const kept = Object.entries(others).filter(([name]) => OTHERS.includes(name));
  const set = conditions.filter(({ field, value }) => field && value !== "").map(({ field, operator, value }) => [`${field}.${operator}`, value]);
  return Object.fromEntries([...kept, ...set]);
};

export const isTrash = (filters: Filters): boolean => filters.deleted === "only";

const DEFAULT_COLUMNS = 6;
/** The trash also shows when and by whom rows were deleted. */
const DEFAULT_TRASH_COLUMNS = 4;

/** Columns that a list can have. Passwords are never read, and only the trash shows when a row was deleted. */
export const columnsOf = (resource: Resource): Field[] =>
  resource.fields.filter(({ name, readable, format }) => readable && format !== "password" && name !== "deleted_at");

/** The conditions that make sense: a value that is never empty need not be compared with nothing. */
export const operatorsOf = ({ operators, nullable }: Field): string[] => operators.filter((operator) => nullable || operator !== "is_null");

/** The columns that a list has before anybody chooses: names first, then what is short to read. */
export const defaultColumns = (resource: Resource, trash: boolean): string[] => {
  // Rows without a name, such as comments, show the beginning of their text.
  const title = resource.title ?? resource.fields.find(({ type, readable }) => type === "text" && readable)?.name;
  const weight = ({ name, type, format, references }: Field) => {
    if (name === title) return 0;
    if (format === "long" || type === "json" || type === "binary") return 9;
    if (name === "id" || name === "version") return 8;
    if (name === "updated_at") return 7;
    if (references) return 3;
    return { enum: 2, boolean: 4, datetime: 6 }[type as string] ?? 5;
  };
  return columnsOf(resource)
    .map((field, index) => ({ field, weight: weight(field), index }))
    .filter(({ weight }) => weight < 8)
    .sort((a, b) => a.weight - b.weight || a.index - b.index)
    .slice(0, trash ? DEFAULT_TRASH_COLUMNS : DEFAULT_COLUMNS)
    .map(({ field }) => field.name);
};

/** React-admin keeps a map of names in the URL of a list; here it holds the chosen columns. */
export const chosenColumns = (search: string): string[] | undefined => {
  try {
    const chosen = JSON.parse(new URLSearchParams(search).get("displayedFilters") ?? "{}") as Record<string, boolean>;
    return Object.keys(chosen).length > 0 ? Object.keys(chosen) : undefined;
  } catch {
    return undefined;
  }
};

export const asSort = (sort: string): { field: string; order: "ASC" | "DESC" } =>
  sort.startsWith("-") ? { field: sort.slice(1), order: "DESC" } : { field: sort, order: "ASC" };
