/** The roles of a user as chips; assigns and removes them. */
import { Alert, Autocomplete, Chip, LinearProgress, Stack, TextField, Typography } from "@mui/material";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { client, type Page, type Schemas } from "../api/client";
import { allows } from "../api/meta";
import { useHolds, useResource } from "../app/meta";
import type { TabProps } from "../form/RowPage";
import { useText } from "../i18n";
import { ErrorAlert } from "../ui/ErrorAlert";

type Role = Schemas["Role"];

export const RolesTab = ({ row, changed }: TabProps) => {
  const text = useText();
  const queries = useQueryClient();
  const roles = useResource("roles");
  const canAssign = useHolds("roles.assign");
  const key = ["user-roles", row.id];
  const held = useQuery({ queryKey: key, queryFn: ({ signal }) => client.get<Page<Role>>(`/users/${row.id}/roles`, { limit: 100 }, signal) });
  const all = useQuery({
    queryKey: ["all-roles"],
    enabled: canAssign && allows(roles, "list"),
    queryFn: ({ signal }) => client.get<Page<Role>>("/roles", { limit: 100, sort: "name", fields: "id,name,description" }, signal),
  });
  const [error, setError] = useState<unknown>();
  if (held.error) return <ErrorAlert error={held.error} />;
  if (held.isPending) return <LinearProgress aria-label={text("ui.loading")} />;

  const change = async (request: Promise<unknown>) => {
    setError(undefined);
    try {
      await request;
    } catch (failure) {
      setError(failure);
    }
    await Promise.all([queries.invalidateQueries({ queryKey: key }), changed()]);
  };
  const assigned = held.data.data;
  const free = (all.data?.data ?? []).filter(({ id }) => !assigned.some((role) => role.id === id));
  return (
    <Stack spacing={2}>
      <Stack component="ul" direction="row" spacing={1} useFlexGap aria-label={text("users.roles")} sx={{ listStyle: "none", p: 0, m: 0, flexWrap: "wrap" }}>
        {assigned.map((role) => (
          <li key={role.id}>
            <Chip label={role.name} />
            {canAssign && (
              <Chip
                component="button"
                size="small"
                variant="outlined"
                label={text("users.remove")}
                aria-label={text("users.remove_role", { name: role.name })}
                onClick={() => void change(client.delete(`/users/${row.id}/roles/${role.id}`))}
                sx={{ ml: 0.5 }}
              />
            )}
          </li>
        ))}
      </Stack>
      {assigned.length === 0 && <Typography>{text("users.no_roles")}</Typography>}
      {canAssign ? (
        <Autocomplete
          // A chosen role is assigned at once, and the input is empty again.
          key={assigned.length}
          options={free}
          getOptionLabel={({ name }) => name}
          getOptionKey={({ id }) => id}
          onChange={(_, role) => role && void change(client.put(`/users/${row.id}/roles/${role.id}`))}
          noOptionsText={text("users.all_roles")}
          renderInput={(params) => <TextField {...params} label={text("users.assign")} />}
          sx={{ maxWidth: 360 }}
        />
      ) : (
        <Alert severity="info">{text("users.cannot_assign")}</Alert>
      )}
      {error !== undefined && <ErrorAlert error={error} />}
    </Stack>
  );
};
