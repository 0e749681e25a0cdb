/** Who changed a row, when and how; and back to an earlier version. */
import { Button, Chip, LinearProgress, Link as MuiLink, Stack, Typography } from "@mui/material";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNotify } from "ra-core";
import { useState } from "react";
import { Link } from "react-router-dom";

import { client, dataProvider, type Page, type Schemas } from "../api/client";
import { allowsRow } from "../api/meta";
import { useCaller } from "../app/meta";
import { Reference } from "../fields/Reference";
import { formatTime } from "../fields/time";
import type { TabProps } from "../form/RowPage";
import { useNames, useText } from "../i18n";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { ErrorAlert } from "../ui/ErrorAlert";
import { Changes } from "./Changes";

type Entry = Schemas["AuditEntry"];

const LIMIT = 20;

/** Changes of the values of a row. After the others it is the same row as before. */
const CHANGING = ["created", "updated", "reverted", "restored"];

export const HistoryTab = ({ resource, row, changed }: TabProps) => {
  const text = useText();
  const caller = useCaller();
  const [target, setTarget] = useState<number>();
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["history", resource.name, row.id],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => client.get<Page<Entry>>(`/${resource.name}/${row.id}/history`, { limit: LIMIT, cursor: pageParam }, signal),
    getNextPageParam: ({ page }) => page.next ?? undefined,
  });
  if (error) return <ErrorAlert error={error} />;
  if (isPending) return <LinearProgress aria-label={text("ui.loading")} />;
  const entries = data.pages.flatMap((page) => page.data);
  if (entries.length === 0) return <Typography>{text("history.none")}</Typography>;
  const canRevert = !row.deleted_at && allowsRow(resource, "revert", row, caller);
  return (
    <>
      <Stack component="ol" spacing={2} sx={{ listStyle: "none", m: 0, p: 0 }}>
        {entries.map((entry) => (
          <Stack component="li" key={entry.id} sx={{ pb: 2, borderBottom: 1, borderColor: "divider" }}>
            <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: "center", flexWrap: "wrap" }}>
              <EntryHead entry={entry} />
              {canRevert && CHANGING.includes(entry.action) && entry.version < (row.version ?? 0) && (
                <Button size="small" onClick={() => setTarget(entry.version)} sx={{ ml: "auto" }}>
                  {text("history.revert", { version: entry.version })}
                </Button>
              )}
            </Stack>
            <Changes resource={resource} changes={entry.changes ?? null} />
          </Stack>
        ))}
      </Stack>
      {hasNextPage && (
        <Button onClick={() => void fetchNextPage()} disabled={isFetchingNextPage} sx={{ mt: 2 }}>
          {text("history.more")}
        </Button>
      )}
      {target !== undefined && <RevertDialog {...{ resource, row, changed }} target={target} onClose={() => setTarget(undefined)} />}
    </>
  );
};

export const EntryHead = ({ entry }: { entry: Pick<Entry, "action" | "actor_id" | "created_at" | "version"> }) => {
  const text = useText();
  return (
    <>
      <Chip size="small" label={entry.action.replaceAll("_", " ")} variant="outlined" />
      <Typography variant="body2" component="span">
        {entry.actor_id ? <Reference resource="users" id={entry.actor_id} /> : text("history.service")}
        {" · "}
        <time dateTime={entry.created_at}>{formatTime(entry.created_at)}</time>
        {" · "}
        {text("history.version", { version: entry.version })}
      </Typography>
    </>
  );
};

/** The row that an entry is about. Users are named; others would cost a request for each resource. */
export const Subject = ({ entry: { resource, resource_id } }: { entry: Pick<Entry, "resource" | "resource_id"> }) => {
  const names = useNames();
  return (
    <MuiLink component={Link} to={`/${resource}/${resource_id}/history`}>
      {names.resource(resource)} {resource === "users" ? <Reference resource="users" id={resource_id} isLink={false} /> : `#${resource_id}`}
    </MuiLink>
  );
};

const RevertDialog = ({ resource, row, changed, target, onClose }: TabProps & { target: number; onClose: () => void }) => {
  const text = useText();
  const notify = useNotify();
  const revert = async () => {
    await dataProvider.revert(resource.name, row.id, target, row.version);
    notify(text("history.reverted", { version: target }), { type: "success" });
    await changed();
  };
  return (
    <ConfirmDialog title={text("history.ask", { version: target })} confirm={text("history.revert", { version: target })} onConfirm={revert} onClose={onClose}>
      <Typography>{text("history.ask_help")}</Typography>
    </ConfirmDialog>
  );
};
