/** What `GET /meta` says about the resources of the server, and what this caller may do with them. */

export interface Meta {
  name: string;
  version: string;
  caller: Caller | null;
  resources: Resource[];
}

export interface Caller {
  id: number;
  username: string;
  is_superuser: boolean;
  permissions: string[];
}

export type Access = "all" | "own" | "none";

export type Action =
  | "list"
  | "get"
  | "create"
  | "update"
  | "delete"
  | "restore"
  | "purge"
  | "history"
  | "revert"
  | "import"
  | "export"
  | "stats"
  | "bulk"
  | "impact"
  | "deleted";

export interface Resource {
  name: string;
  path: string;
  /** The field that names a row in a list of choices. */
  title: string | null;
  soft_delete: boolean;
  versioned: boolean;
  default_sort: string;
  fields: Field[];
  search: string[];
  includes: { name: string; resource: string; many: boolean }[];
  children: { resource: string; field: string }[];
  actions: Partial<Record<Action, Access>>;
  /** The field that names the owner of a row, as `.own` permissions mean it. */
  owner?: string | null;
}

export type FieldType =
  | "integer"
  | "number"
  | "decimal"
  | "boolean"
  | "text"
  | "enum"
  | "date"
  | "time"
  | "datetime"
  | "uuid"
  | "json"
  | "binary"
  | "list";

export interface Field {
  name: string;
  type: FieldType;
  format?: "email" | "uri" | "slug" | "password" | "long" | "int64";
  nullable: boolean;
  readable: boolean;
  create: "required" | "optional" | "no";
  update: boolean;
  min_length?: number;
  max_length?: number;
  /** Texts for decimals and 64-bit integers, which are too large for a number. */
  minimum?: number | string;
  maximum?: number | string;
  /** The digits after the point that a decimal may have. */
  places?: number;
  pattern?: string;
  values?: string[];
  default?: unknown;
  references?: { resource: string };
  operators: string[];
  sort: boolean;
  description?: string;
}

/** Whether the caller may do this to some rows at least. */
export const allows = (resource: Resource | undefined, action: Action): boolean => {
  const access = resource?.actions[action];
  return access === "all" || access === "own";
};

/** Whether the caller may do this to this row, as far as the page can know. The API decides. */
export const allowsRow = (resource: Resource, action: Action, row: Record<string, unknown>, caller: Caller): boolean => {
  const access = resource.actions[action];
  // Users own themselves.
  const owner = resource.owner ?? (resource.name === "users" ? "id" : undefined);
  if (access !== "own" || !owner) return access === "all" || access === "own";
  return row[owner] === caller.id;
};

/** Whether a permission is held, alone or by a wider one. */
export const holds = (held: string[], permission: string): boolean => {
  const [resource] = permission.split(".");
  const wider = permission.endsWith(".own") ? [permission.slice(0, -4)] : [];
  return ["*", `${resource}.*`, permission, ...wider].some((name) => held.includes(name));
};

export const fieldOf = (resource: Resource, name: string): Field | undefined => resource.fields.find((field) => field.name === name);

/** All permissions that a role may hold, as far as the caller may know them. */
export const permissionsOf = ({ resources, caller }: Meta): string[] => {
  const roles = resources.find(({ name }) => name === "roles");
  return (roles && fieldOf(roles, "permissions")?.values) ?? caller?.permissions ?? [];
};
