/** Describes the audit log as a resource, so that the generic list shows it. */
import type { Field, Resource } from "../api/meta";

const field = (name: string, type: Field["type"], operators: string[], more: Partial<Field> = {}): Field => ({
  name,
  type,
  nullable: false,
  readable: true,
  create: "no",
  update: false,
  operators,
  sort: false,
  ...more,
});

const TEXT = ["eq", "ne", "in", "nin"];
const RANGE = ["eq", "lt", "lte", "gt", "gte"];

/** The actions that the API records. */
export const ACTIONS = [
  "created",
  "updated",
  "deleted",
  "restored",
  "purged",
  "reverted",
  "signed_in",
  "signed_out",
  "password_changed",
  "password_reset",
  "email_verified",
  "key_created",
  "key_revoked",
  "totp_turned_on",
  "totp_turned_off",
  "recovery_code_used",
];

export const AUDIT: Resource = {
  name: "audit",
  path: "/api/v1/audit",
  title: null,
  soft_delete: false,
  versioned: false,
  default_sort: "-id",
  search: [],
  includes: [],
  children: [],
  actions: { list: "all" },
  fields: [
    field("created_at", "datetime", RANGE, { sort: true }),
    field("actor_id", "integer", [...TEXT, "is_null"], { nullable: true, references: { resource: "users" } }),
    field("action", "enum", TEXT, { values: ACTIONS }),
    field("resource", "text", TEXT),
    field("resource_id", "integer", [...TEXT, ...RANGE]),
    field("version", "integer", RANGE),
    field("changes", "json", []),
    field("seq", "integer", [...RANGE, "is_null"], { nullable: true }),
    field("request_id", "text", [...TEXT, "is_null"], { nullable: true }),
    field("id", "integer", [...TEXT, ...RANGE], { sort: true }),
  ],
};
