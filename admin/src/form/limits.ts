/** Checks the limits of a field before anything is sent, as the server will check them. */
import type { Field } from "../api/meta";
import type { Text } from "../i18n";

type Check = (value: unknown) => string | undefined;

export const checksOf = (field: Field, mode: "create" | "update", text: Text): Check => {
  const isRequired = mode === "create" ? field.create === "required" : !field.nullable;
  return (value) => {
    if (isEmpty(value)) return isRequired ? text("form.required") : undefined;
    if (NUMBERS.includes(field.type)) return checkNumber(field, value as number | string, text);
    if (typeof value === "string") return checkText(field, value, text);
    if (Array.isArray(value) && field.max_length !== undefined && value.length > field.max_length) return text("form.too_many", { max: field.max_length });
    return undefined;
  };
};

const NUMBERS = ["integer", "number", "decimal"];

const isEmpty = (value: unknown) => value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);

const checkText = (field: Field, value: string, text: Text): string | undefined => {
  // The server counts characters, not UTF-16 units.
  const { length } = [...value];
  const { min_length: min, max_length: max, pattern, format } = field;
  if (min !== undefined && length < min) return text("form.too_short", { min });
  if (max !== undefined && length > max) return text("form.too_long", { max, length });
  if (format === "email" && !/^[^\s@]+@[^\s@]+$/.test(value)) return text("form.email");
  if (pattern !== undefined && !matches(pattern, value)) return pattern.includes("\\u0000") ? text("form.pattern_null") : text("form.pattern", { pattern });
  if (field.type === "json" && !isJson(value)) return text("form.json");
  return undefined;
};

/** Decimals and 64-bit integers are texts. Their limits are compared as numbers, which is exact enough for a first check. */
const checkNumber = ({ type, minimum, maximum, places }: Field, value: number | string, text: Text): string | undefined => {
  const number = Number(value);
  if (Number.isNaN(number)) return text("form.number");
  if (type === "integer" && !/^-?\d+$/.test(String(value))) return text("form.integer");
  if (type === "decimal" && places !== undefined && (String(value).split(".")[1] ?? "").length > places) return text("form.places", { places });
  if (minimum !== undefined && number < Number(minimum)) return text("form.too_small", { min: minimum });
  if (maximum !== undefined && number > Number(maximum)) return text("form.too_large", { max: maximum });
  return undefined;
};

const matches = (pattern: string, value: string): boolean => {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    // A pattern that browsers do not know is left to the server.
    return true;
  }
};

export const isJson = (value: string): boolean => {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
};
