/** The audit log: all changes of all resources, and whether they are sealed. */
import { Alert, Box, Button, Stack } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { ListBase, useListContext } from "ra-core";
import { useLocation } from "react-router-dom";

import { client, type Schemas } from "../api/client";
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

import { AUDIT } from "./resource";

type Entry = Schemas["AuditEntry"];

const QUERY = { meta: { count: "none", defaultSort: AUDIT.default_sort } };

export const AuditPage = () => {
  const text = useText();
  const { search } = useLocation();
  return (
    <Page title={text("audit.title")}>
      <State />
      <ListBase key={search === "" ? "" : "filtered"} resource="audit" sort={{ field: "id", order: "DESC" }} perPage={25} queryOptions={QUERY} storeKey={false} exporter={false} disableAuthentication>
        <FilterPanel resource={AUDIT} />
        <Entries />
      </ListBase>
    </Page>
  );
};

interface Verification {
  intact: boolean;
  checked: { entries: number };
  problems: string[];
}

/** Entries are sealed within seconds. The server checks the seals of the newest ones when asked. */
const State = () => {
  const text = useText();
  const canRead = useHolds("system.read");
  const { data } = useQuery({ queryKey: SYSTEM_KEY, enabled: canRead, queryFn: readSystem });
  const check = useQuery({
    queryKey: ["audit", "verification"],
    enabled: false,
    queryFn: ({ signal }) => client.get<Verification>("/audit/verification", {}, signal),
  });
  const audit = data?.queues?.audit;
  return (
    <Stack spacing={1} sx={{ mb: 2 }}>
      <Alert
        severity="info"
        action={
          <Button color="inherit" disabled={check.isFetching} onClick={() => void check.refetch()}>
            {text("audit.verify")}
          </Button>
        }
      >
        {audit && text("audit.state", { entries: audit.entries, unsealed: audit.unsealed, time: audit.last_sealed_at ? formatTime(audit.last_sealed_at) : "–" })}{" "}
        {text("audit.verify_all")}
      </Alert>
      <div role="status">
        {check.data?.intact && <Alert severity="success">{text("audit.intact", { entries: check.data.checked.entries })}</Alert>}
      </div>
      {check.data?.intact === false && (
        <Alert severity="error">
          {text("audit.not_intact")}
          <ul>
            {check.data.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </Alert>
      )}
      {check.error && <ErrorAlert error={check.error} />}
    </Stack>
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
