/** The permissions of a role as a grid: resource × action, for all rows or only for own ones. */
import { Box, Checkbox, FormControl, FormControlLabel, FormHelperText, MenuItem, Select, Table, TableBody, TableCell, TableContainer, TableHead, TableRow, Typography } from "@mui/material";
import { useMemo } from "react";

import { permissionsOf } from "../api/meta";
import { useMeta } from "../app/meta";
import type { ControlProps } from "../form/FieldInput";
import { useNames, useText } from "../i18n";

type Scope = "none" | "own" | "all";

/** `posts` → `update` → its scopes. */
type Grid = Map<string, Map<string, Scope[]>>;

export const PermissionGrid = ({ value, onChange, label, error, help }: ControlProps) => {
  const text = useText();
  const names = useNames();
  const meta = useMeta();
  const known = useMemo(() => permissionsOf(meta), [meta]);
  const held = useMemo(() => (value as string[] | null) ?? [], [value]);
  const { grid, actions, single } = useMemo(() => gridOf(known), [known]);
  const set = (removed: string[], added: string[]) => onChange([...held.filter((name) => !removed.includes(name)), ...added]);
  const toggle = (name: string, isOn: boolean) => set([name], isOn ? [name] : []);
  return (
    <FormControl component="fieldset" error={error !== undefined} sx={{ mt: 2, minWidth: 0, display: "block" }}>
      <Typography component="legend" variant="h3">
        {label}
      </Typography>
      {(error ?? help) && <FormHelperText>{error ?? help}</FormHelperText>}
      <Box sx={{ display: "flex", flexWrap: "wrap", columnGap: 2 }}>
        {["*", ...single].map((name) => (
          <FormControlLabel
            key={name}
            label={name === "*" ? text("roles.everything") : <code>{name}</code>}
            control={<Checkbox size="small" checked={held.includes(name)} onChange={(_, isOn) => toggle(name, isOn)} />}
          />
        ))}
      </Box>
      <TableContainer tabIndex={0} role="region" aria-label={label}>
        <Table size="small">
          <TableHead>
            <TableRow>
              <TableCell>{text("roles.resource")}</TableCell>
              <TableCell>{text("roles.all_actions")}</TableCell>
              {actions.map((action) => (
                <TableCell key={action}>{action}</TableCell>
              ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {[...grid].map(([resource, scopes]) => (
              <TableRow key={resource}>
                <TableCell component="th" scope="row">
                  {names.resource(resource)}
                </TableCell>
                <TableCell padding="checkbox">
                  <Checkbox
                    size="small"
                    checked={held.includes(`${resource}.*`)}
                    onChange={(_, isOn) => toggle(`${resource}.*`, isOn)}
                    slotProps={{ input: { "aria-label": text("roles.all_of", { name: resource }) } }}
                  />
                </TableCell>
                {actions.map((action) => (
                  <TableCell key={action} sx={{ px: 0.5 }}>
                    {scopes.has(action) && (
                      <ScopeSelect
                        label={`${resource} ${action}`}
                        scopes={scopes.get(action) ?? []}
                        scope={scopeOf(held, resource, action)}
                        isCovered={held.includes("*") || held.includes(`${resource}.*`)}
                        onChange={(scope) => set([`${resource}.${action}`, `${resource}.${action}.own`], chosen(resource, action, scope))}
                      />
                    )}
                  </TableCell>
                ))}
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableContainer>
    </FormControl>
  );
};

interface ScopeProps {
  label: string;
  scopes: Scope[];
  scope: Scope;
  /** A wider permission includes it anyway. */
  isCovered: boolean;
  onChange: (scope: Scope) => void;
}

const ScopeSelect = ({ label, scopes, scope, isCovered, onChange }: ScopeProps) => {
  const text = useText();
  if (!scopes.includes("own"))
    return <Checkbox size="small" checked={isCovered || scope === "all"} disabled={isCovered} onChange={(_, isOn) => onChange(isOn ? "all" : "none")} slotProps={{ input: { "aria-label": label } }} />;
  return (
    <Select
      variant="standard"
      disableUnderline={scope === "none" && !isCovered}
      value={isCovered ? "all" : scope}
      disabled={isCovered}
      onChange={(event) => onChange(event.target.value as Scope)}
      inputProps={{ "aria-label": label }}
      sx={{ fontSize: "0.875rem", minWidth: 64 }}
    >
      {(["none", ...scopes] as Scope[]).map((choice) => (
        <MenuItem key={choice} value={choice}>
          {text(`roles.scope.${choice}`)}
        </MenuItem>
      ))}
    </Select>
  );
};

const scopeOf = (held: string[], resource: string, action: string): Scope => {
  if (held.includes(`${resource}.${action}`)) return "all";
  return held.includes(`${resource}.${action}.own`) ? "own" : "none";
};

const chosen = (resource: string, action: string, scope: Scope): string[] => {
  if (scope === "none") return [];
  return [scope === "all" ? `${resource}.${action}` : `${resource}.${action}.own`];
};

/** A resource has `<resource>.*`; permissions without it, such as `audit.read`, stand alone. */
const gridOf = (permissions: string[]) => {
  const resources = permissions.filter((name) => name.endsWith(".*")).map((name) => name.slice(0, -2));
  const grid: Grid = new Map(resources.map((name) => [name, new Map()]));
  const single: string[] = [];
  const actions: string[] = [];
  for (const name of permissions) {
    const [resource = "", action = "", own] = name.split(".");
    if (name === "*" || action === "*") continue;
    const scopes = grid.get(resource);
    // Assigning roles is an action on users and roles together.
    if (!scopes || action === "assign") {
      single.push(name);
      continue;
    }
    if (!actions.includes(action)) actions.push(action);
    scopes.set(action, [...(scopes.get(action) ?? []), own ? "own" : "all"]);
  }
  return { grid, actions, single };
};
