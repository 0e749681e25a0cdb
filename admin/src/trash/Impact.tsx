/** What a deletion, a restoration or a purge takes along. */
import { Alert, LinearProgress } from "@mui/material";
import { useQueries } from "@tanstack/react-query";
import type { Impact } from "atoll-react-admin";

import { dataProvider } from "../api/client";
import { useNames, useText } from "../i18n";

/** Previews are requests of their own, so only the first rows of a selection are looked at. */
const PREVIEWS = 5;

export const useImpact = (resource: string, ids: number[]) =>
  useQueries({
    queries: ids.slice(0, PREVIEWS).map((id) => ({
      queryKey: ["impact", resource, id],
      staleTime: 0,
      queryFn: () => dataProvider.impact(resource, id),
    })),
    combine: (answers) => ({
      isPending: answers.some(({ isPending }) => isPending),
      rows: summed(answers.flatMap(({ data }) => data?.rows ?? [])),
      isPartial: ids.length > PREVIEWS,
    }),
  });

const summed = (rows: Impact["rows"]): Impact["rows"] => {
  const counts = new Map<string, number>();
  for (const { resource, count } of rows) counts.set(resource, (counts.get(resource) ?? 0) + count);
  return [...counts].filter(([, count]) => count > 0).map(([resource, count]) => ({ resource, count }));
};

export const ImpactText = ({ action, impact }: { action: "delete" | "purge" | "restore"; impact: ReturnType<typeof useImpact> }) => {
  const text = useText();
  const names = useNames();
  if (impact.isPending) return <LinearProgress aria-label={text("ui.loading")} />;
  if (impact.rows.length === 0) return impact.isPartial ? null : <span>{text(`impact.${action}_alone`)}</span>;
  const rows = impact.rows.map(({ resource, count }) => `${count} ${names.resource(resource).toLowerCase()}`);
  const list = new Intl.ListFormat("en").format(rows);
  return (
    <Alert severity={action === "restore" ? "info" : "warning"}>
      {text(impact.isPartial ? `impact.${action}_partial` : `impact.${action}`, { rows: list })}
    </Alert>
  );
};
