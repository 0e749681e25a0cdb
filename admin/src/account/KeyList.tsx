/** The API keys of a user, in their own account or on the page of a user. */
import { Button, Chip, LinearProgress, List, ListItem, ListItemText, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { client, type Page, type Schemas } from "../api/client";
import { formatTime } from "../fields/time";
import { useText } from "../i18n";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { ErrorAlert } from "../ui/ErrorAlert";

type Key = Schemas["ApiKey"];

export const keysKey = (path: string) => ["api-keys", path];

export const KeyList = ({ path }: { path: string }) => {
  const text = useText();
  const [revoked, setRevoked] = useState<Key>();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: keysKey(path),
    queryFn: ({ signal }) => client.get<Page<Key>>(path, { limit: 100 }, signal),
  });
  if (error) return <ErrorAlert error={error} />;
  if (isPending) return <LinearProgress aria-label={text("ui.loading")} />;
  const revoke = async (key: Key) => {
    await client.delete(`${path}/${key.id}`);
    await refetch();
  };
  if (data.data.length === 0) return <Typography>{text("keys.none")}</Typography>;
  return (
    <>
      <List dense sx={{ width: "100%" }}>
        {data.data.map((key) => (
          <ListItem key={key.id} disableGutters divider sx={{ gap: 1, flexWrap: "wrap" }}>
            <ListItemText
              sx={{ flex: "1 1 240px" }}
              slotProps={{ secondary: { component: "div" } }}
              primary={
                <>
                  {key.name} <code>{key.prefix}…</code>
                </>
              }
              secondary={
                <>
                  {text("keys.times", {
                    created: formatTime(key.created_at),
                    used: key.last_used_at ? formatTime(key.last_used_at) : text("keys.never"),
                    expires: key.expires_at ? formatTime(key.expires_at) : text("keys.never"),
                  })}
                  <Stack direction="row" spacing={0.5} useFlexGap sx={{ flexWrap: "wrap", mt: 0.5 }}>
                    {key.scopes.map((scope) => (
                      <Chip key={scope} size="small" variant="outlined" label={scope} />
                    ))}
                  </Stack>
                </>
              }
            />
            <Button size="small" color="error" aria-label={text("keys.revoke_one", { name: key.name })} onClick={() => setRevoked(key)}>
              {text("keys.revoke")}
            </Button>
          </ListItem>
        ))}
      </List>
      {revoked && (
        <ConfirmDialog
          title={text("keys.ask", { name: revoked.name })}
          confirm={text("keys.revoke")}
          isDanger
          onConfirm={() => revoke(revoked)}
          onClose={() => setRevoked(undefined)}
        >
          <Typography>{text("keys.ask_help")}</Typography>
        </ConfirmDialog>
      )}
    </>
  );
};
