/** Leads from page to page. Each page remembers the cursor of the next one, so a list can be browsed to any depth. */
import { Box, Button, MenuItem, TextField, Typography } from "@mui/material";
import type { ListMeta } from "atoll-react-admin";
import { useListContext } from "ra-core";

import { useText } from "../i18n";

const SIZES = [10, 25, 50, 100];
const NUMBER = new Intl.NumberFormat();

export const Pager = () => {
  const text = useText();
  const { data, page, perPage, setPage, setPerPage, hasNextPage, meta } = useListContext();
  const { total, about } = (meta ?? {}) as Partial<ListMeta>;
  const first = (page - 1) * perPage + 1;
  const last = first + (data?.length ?? 0) - 1;
  const of = total === undefined ? "" : ` ${text(about && total > last && hasNextPage ? "pager.about" : "pager.of", { total: NUMBER.format(hasNextPage ? Math.max(total, last) : last) })}`;
  return (
    <Box component="nav" aria-label={text("pager.title")} sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1, mt: 1 }}>
      <Typography role="status" variant="body2" sx={{ flexGrow: 1 }}>
        {text("pager.rows", { first: NUMBER.format(first), last: NUMBER.format(last) })}
        {of}
      </Typography>
      <TextField select margin="none" label={text("pager.size")} value={perPage} onChange={(event) => setPerPage(Number(event.target.value))} sx={{ width: 110 }}>
        {SIZES.map((size) => (
          <MenuItem key={size} value={size}>
            {size}
          </MenuItem>
        ))}
      </TextField>
      <Button disabled={page <= 1} onClick={() => setPage(1)}>
        {text("pager.first")}
      </Button>
      <Button disabled={page <= 1} onClick={() => setPage(page - 1)}>
        {text("pager.previous")}
      </Button>
      <Button disabled={!hasNextPage} onClick={() => setPage(page + 1)}>
        {text("pager.next")}
      </Button>
    </Box>
  );
};
