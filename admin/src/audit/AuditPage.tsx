/** The audit log: all changes of all resources, and whether they are sealed. */
import { Alert, Box } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { ListBase, useListContext } from "ra-core";
import { useLocation } from "react-router-dom";

import { readSystem, SYSTEM_KEY } from "../api/system";
import { useHolds, useMeta } from "../app/meta";
import { formatTime } from "../fields/time";
import { Changes } from "../history/Changes";
import { EntryHead, Subject } from "../history/HistoryTab";
import { useText } from "../i18n";
import { FilterPanel } from "../list/FilterPanel";
import { EmptyList } from "../list/EmptyList";
import { Pager } from "../list/Pager";
import { ErrorAlert } from "../ui/ErrorAlert";
import { Page } from "../ui/Page";
import type { Schemas } from "../api/client";
import { AUDIT } from "./resource";

type Entry = Schemas["AuditEntry"];

const QUERY = { meta: { count: "none", defaultSort: AUDIT.default_sort } };

export const AuditPage = () => {
  const text = useText();
  const { search } = useLocation();
  return (
    <Page title={text("audit.title")}>
      <Verification />
      <ListBase key={search === "" ? "" : "filtered"} resource="audit" sort={{ field: "id", order: "DESC" }} perPage={25} queryOptions={QUERY} storeKey={false} exporter={false} disableAuthentication>
        <FilterPanel resource={AUDIT} />
        <Entries />
      </ListBase>
    </Page>
  );
};

/** Entries are sealed within seconds. Whether the seals still hold is what `atoll audit verify` finds out. */
const Verification = () => {
  const text = useText();
  const canRead = useHolds("system.read");
  const { data } = useQuery({ queryKey: SYSTEM_KEY, enabled: canRead, queryFn: readSystem });
  if (!data?.audit) return null;
  const { entries, unsealed, last_sealed_at } = data.audit;
  return (
    <Alert severity={unsealed > 1_000 ? "warning" : "info"} sx={{ mb: 2 }}>
      {text("audit.state", { entries, unsealed, time: last_sealed_at ? formatTime(last_sealed_at) : "–" })} {text("audit.verify")}
    </Alert>
  );
};

const Entries = () => {
  const { data, error, isPending } = useListContext<Entry>();
  const { resources } = useMeta();
  const text = useText();
  if (error) return <ErrorAlert error={error} />;
  if (isPending) return null;
  if (data.length === 0) return <EmptyList resource={AUDIT} trash={false} />;
  return (
    <>
      <Box component="ol" sx={{ listStyle: "none", m: 0, p: 0 }}>
        {data.map((entry) => (
          <Box component="li" key={entry.id} sx={{ py: 1.5, borderBottom: 1, borderColor: "divider" }}>
            <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, alignItems: "center" }}>
              <Subject entry={entry} />
              <EntryHead entry={entry} />
              <Box component="span" sx={{ color: "text.secondary", fontSize: "0.875rem" }}>
                {entry.seq === null || entry.seq === undefined ? text("audit.unsealed") : text("audit.sealed", { seq: entry.seq })}
              </Box>
            </Box>
            {Object.keys(entry.changes ?? {}).length > 0 && (
              <details>
                <summary>{text("audit.changes")}</summary>
                <Changes resource={resources.find(({ name }) => name === entry.resource)} changes={entry.changes ?? null} />
                {entry.request_id && <small>{text("ui.request_id", { id: entry.request_id })}</small>}
              </details>
            )}
          </Box>
        ))}
      </Box>
      <Pager />
    </>
  );
};
