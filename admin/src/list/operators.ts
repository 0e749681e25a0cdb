/** What the operators of a filter are called. */
import type { Field } from "../api/meta";
import { useText, type TextKey } from "../i18n";

const TIMES = ["date", "time", "datetime"];

export const useOperatorName = () => {
  const text = useText();
  return (field: Field | undefined, operator: string): string => {
    const kind = field && TIMES.includes(field.type) && ["lt", "lte", "gt", "gte"].includes(operator) ? "times" : "operators";
    return text(`filters.${kind}.${operator}` as TextKey);
  };
};
