/** Creates an API key, and shows it once. */
import { Alert, Autocomplete, Box, Button, TextField, Typography } from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { client, type Schemas } from "../api/client";
import { holds, permissionsOf } from "../api/meta";
import { useCaller, useMeta } from "../app/meta";
import { fromLocalInput, zone } from "../fields/time";
import { useText } from "../i18n";
import { CopyField } from "../ui/CopyField";
import { ErrorAlert } from "../ui/ErrorAlert";
import { useSubmit } from "../ui/useSubmit";
import { keysKey } from "./KeyList";

export const NewKey = ({ path }: { path: string }) => {
  const text = useText();
  const queries = useQueryClient();
  const caller = useCaller();
  const permissions = permissionsOf(useMeta());
  const [scopes, setScopes] = useState<string[]>([]);
  const [made, setMade] = useState<Schemas["CreatedApiKey"]>();
  const { onSubmit, isBusy, input, general } = useSubmit(async (values, form) => {
    const key = { name: values.name, scopes, expires_at: fromLocalInput(values.expires_at ?? "") };
    setMade(await client.post<Schemas["CreatedApiKey"]>(path, key));
    form.reset();
    setScopes([]);
    await queries.invalidateQueries({ queryKey: keysKey(path) });
  });
  const refused = general(["name", "scopes", "expires_at"]);
  const offered = permissions.filter((name) => caller.is_superuser || name.endsWith(".own") || holds(caller.permissions, name));
  return (
    <Box component="form" onSubmit={onSubmit} sx={{ mt: 3 }}>
      <Typography variant="h2">{text("keys.new")}</Typography>
      {made && (
        <Alert severity="success" sx={{ my: 1, "& .MuiAlert-message": { flexGrow: 1 } }}>
          {text("keys.shown_once")}
          <CopyField label={text("keys.key", { name: made.name })} value={made.key} />
        </Alert>
      )}
      <TextField {...input("name", text("keys.name_help"))} label={text("keys.name")} required />
      <Autocomplete
        multiple
        options={offered}
        value={scopes}
        onChange={(_, chosen) => setScopes(chosen)}
        renderInput={(params) => {
          const { name: _name, ...refusal } = input("scopes", text("keys.scopes_help"));
          return <TextField {...params} {...refusal} label={text("keys.scopes")} required={scopes.length === 0} />;
        }}
      />
      <TextField
        {...input("expires_at", text("keys.expires_help", { zone: zone() }))}
        type="datetime-local"
        label={text("keys.expires")}
        slotProps={{ inputLabel: { shrink: true } }}
      />
      {refused !== undefined && <ErrorAlert error={refused} />}
      <Button type="submit" variant="contained" disabled={isBusy} sx={{ mt: 1 }}>
        {text("keys.create")}
      </Button>
    </Box>
  );
};
