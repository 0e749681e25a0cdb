/** Searches the texts of a resource. */
import SearchIcon from "@mui/icons-material/Search";
import { InputAdornment, TextField } from "@mui/material";
import { useListContext } from "ra-core";
import { useEffect, useRef, useState } from "react";

import { SEARCH } from "../app/shortcuts";
import { useNames, useText } from "../i18n";
import type { Filters } from "./state";

const PAUSE = 300;

export const SearchBox = ({ fields }: { fields: string[] }) => {
  const text = useText();
  const names = useNames();
  const { filterValues, setFilters } = useListContext();
  const filters = filterValues as Filters;
  const [value, setValue] = useState(filters.q ?? "");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setValue(filters.q ?? ""), [filters.q]);

  const search = (q: string) => {
    clearTimeout(timer.current);
    const { q: _old, ...others } = filters;
    if (q.trim() !== (filters.q ?? "")) setFilters(q.trim() ? { ...others, q: q.trim() } : others);
  };
  const change = (q: string) => {
    setValue(q);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => search(q), PAUSE);
  };
  return (
    <TextField
      type="search"
      label={text("list.search")}
      value={value}
      onChange={(event) => change(event.target.value)}
      onKeyDown={(event) => event.key === "Enter" && search(value)}
      margin="none"
      sx={{ width: { xs: "100%", sm: 320 } }}
      slotProps={{
        htmlInput: { maxLength: 100, title: text("list.search_help", { fields: fields.map(names.field).join(", ") }), ...SEARCH },
        input: {
          startAdornment: (
            <InputAdornment position="start">
              <SearchIcon fontSize="small" />
            </InputAdornment>
          ),
        },
      }}
    />
  );
};
