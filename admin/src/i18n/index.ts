/** Texts in the language of the page. A translation is a second file like `en.ts`. */
import { useTranslate } from "ra-core";
import polyglotI18nProvider from "ra-i18n-polyglot";
import { useCallback } from "react";

import { en } from "./en";

type Paths<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Paths<T[K]>}` }[keyof T & string];

export type TextKey = Paths<typeof en.atoll>;
export type Text = (key: TextKey, values?: Record<string, string | number>) => string;

export const i18nProvider = polyglotI18nProvider(() => en, "en", [{ locale: "en", name: "English" }], { allowMissing: true });

/** Returns a function that gives the texts of this admin. */
export const useText = (): Text => {
  const translate = useTranslate();
  return useCallback((key, values) => translate(`atoll.${key}`, values), [translate]);
};

/** Returns a readable name of a field or a resource: `created_at` becomes "Created at", unless `en.ts` names it. */
export const useNames = () => {
  const translate = useTranslate();
  const readable = (name: string) => {
    const words = name.replace(/_id$/, "").replaceAll("_", " ");
    return words.charAt(0).toUpperCase() + words.slice(1);
  };
  return {
    field: (name: string) => translate(`atoll.names.${name}`, { _: readable(name) }),
    resource: (name: string) => translate(`atoll.names.${name}`, { _: readable(name) }),
  };
};
