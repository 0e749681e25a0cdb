/** Translates a row to the values of a form, and back. Only JSON differs: a form holds its text. */
import type { Field, Resource } from "../api/meta";
import type { Mode } from "./FieldInput";

export type Values = Record<string, unknown>;

/** The fields that a form of this mode has. */
export const formFields = (resource: Resource, mode: Mode): Field[] =>
  resource.fields
    .filter((field) => (mode === "create" ? field.create !== "no" : field.update))
    // The name of a row comes first.
    .sort((a, b) => Number(b.name === resource.title) - Number(a.name === resource.title));

/** A new row has the defaults of its fields. */
export const newRow = (resource: Resource): Values =>
  Object.fromEntries(formFields(resource, "create").map(({ name, type, create, default: value }) => [name, value ?? (type === "boolean" && create === "required" ? false : null)]));

export const toForm = (resource: Resource, row: Values): Values => {
  const values = { ...row };
  for (const { name, type } of resource.fields) {
    if (type === "json" && row[name] !== null && row[name] !== undefined) values[name] = JSON.stringify(row[name], null, 2);
  }
  return values;
};

export const fromForm = (resource: Resource, values: Values): Values => {
  const row = { ...values };
  for (const { name, type } of resource.fields) {
    if (type === "json" && typeof values[name] === "string") row[name] = JSON.parse(values[name]);
  }
  return row;
};

export const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** What a form changes of a row. Of a new row, fields that stay empty are not sent. */
export const changedValues = (resource: Resource, mode: Mode, values: Values, row: Values): Values => {
  const sent = fromForm(resource, values);
  const names = formFields(resource, mode).map(({ name }) => name);
  const isSent = (name: string) => (mode === "create" ? sent[name] !== null && sent[name] !== undefined : !isSame(sent[name], row[name]));
  return Object.fromEntries(names.filter(isSent).map((name) => [name, sent[name] ?? null]));
};
