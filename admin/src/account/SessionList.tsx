/** The sessions of a user, in their own account or on the page of a user. */
import { Button, Chip, LinearProgress, List, ListItem, ListItemText, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useNotify } from "ra-core";
import { useState } from "react";

import { client, type Page, type Schemas } from "../api/client";
import { formatTime } from "../fields/time";
import { useText } from "../i18n";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { ErrorAlert } from "../ui/ErrorAlert";

interface SessionListProps {
  path: string;
  /** Whether the session of this page is among them, and stays. */
  keepsCurrent?: boolean;
}

export const SessionList = ({ path, keepsCurrent = false }: SessionListProps) => {
  const text = useText();
  const notify = useNotify();
  const [isAsking, setIsAsking] = useState(false);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["sessions", path],
    queryFn: ({ signal }) => client.get<Page<Schemas["Session"]>>(path, { limit: 100 }, signal),
  });
  if (error) return <ErrorAlert error={error} />;
  if (isPending) return <LinearProgress aria-label={text("ui.loading")} />;

  const end = async (id: number) => {
    try {
      await client.delete(`${path}/${id}`);
    } catch (failure) {
      notify((failure as Error).message, { type: "error" });
    }
    await refetch();
  };
  const endAll = async () => {
    await client.delete(path, keepsCurrent ? { query: { keep_current: true } } : {});
    await refetch();
  };
  const others = data.data.filter(({ is_current }) => !is_current);
  return (
    <Stack spacing={1} sx={{ alignItems: "start" }}>
      {data.data.length === 0 && <Typography>{text("sessions.none")}</Typography>}
      <List dense sx={{ width: "100%" }}>
        {data.data.map((session) => (
          <ListItem key={session.id} disableGutters divider sx={{ gap: 1, flexWrap: "wrap" }}>
            <ListItemText
              sx={{ flex: "1 1 240px" }}
              primary={session.label ?? text("sessions.unnamed", { id: session.id })}
              secondary={text("sessions.times", { created: formatTime(session.created_at), used: formatTime(session.last_used_at) })}
            />
            {session.is_current && <Chip size="small" label={text("sessions.current")} />}
            {!session.is_current && (
              <Button size="small" color="error" aria-label={text("sessions.end_one", { name: session.label ?? session.id })} onClick={() => void end(session.id)}>
                {text("sessions.end")}
              </Button>
            )}
          </ListItem>
        ))}
      </List>
      {others.length > 0 && (
        <Button color="error" variant="outlined" onClick={() => setIsAsking(true)}>
          {text(keepsCurrent ? "sessions.end_others" : "sessions.end_all")}
        </Button>
      )}
      {isAsking && (
        <ConfirmDialog
          title={text(keepsCurrent ? "sessions.ask_others" : "sessions.ask_all")}
          confirm={text("sessions.end")}
          isDanger
          onConfirm={endAll}
          onClose={() => setIsAsking(false)}
        />
      )}
    </Stack>
  );
};
