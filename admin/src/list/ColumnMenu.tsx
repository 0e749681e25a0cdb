/** Chooses the columns of a list. The choice lives in the URL. */
import ColumnsIcon from "@mui/icons-material/ViewWeekOutlined";
import { Button, Checkbox, Divider, ListItemText, Menu, MenuItem } from "@mui/material";
import { useListContext } from "ra-core";
import { useEffect, useRef } from "react";

import type { Resource } from "../api/meta";
import { useNames, useText } from "../i18n";
import { useMenu } from "../ui/useMenu";
import { columnsOf } from "./state";

export const ColumnMenu = ({ resource, columns }: { resource: Resource; columns: string[] }) => {
  const text = useText();
  const names = useNames();
  const menu = useMenu("columns");
  const { filterValues, setFilters } = useListContext();
  const choose = (chosen: string[]) => setFilters(filterValues, Object.fromEntries(chosen.map((name) => [name, true])));
  // The address follows a moment later; a second choice must not undo the first.
  const latest = useRef(columns);
  useEffect(() => {
    latest.current = columns;
  }, [columns]);
  const toggle = (name: string) => {
    const chosen = latest.current.includes(name) ? latest.current.filter((other) => other !== name) : [...latest.current, name];
    if (chosen.length === 0) return;
    latest.current = chosen;
    choose(chosen);
  };
  return (
    <>
      <Button startIcon={<ColumnsIcon />} {...menu.button}>
        {text("list.columns")}
      </Button>
      <Menu {...menu.menu}>
        {columnsOf(resource).map(({ name }) => (
          <MenuItem key={name} dense role="menuitemcheckbox" aria-checked={columns.includes(name)} onClick={() => toggle(name)}>
            <Checkbox size="small" edge="start" checked={columns.includes(name)} tabIndex={-1} inert disableRipple />
            <ListItemText primary={names.field(name)} />
          </MenuItem>
        ))}
        <Divider />
        <MenuItem dense onClick={() => choose([])}>
          {text("list.default_columns")}
        </MenuItem>
      </Menu>
    </>
  );
};
