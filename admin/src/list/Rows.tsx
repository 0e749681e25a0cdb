/** The rows of a list: a table, or cards where the window is narrow. */
import ArrowDown from "@mui/icons-material/ArrowDownward";
import ArrowUp from "@mui/icons-material/ArrowUpward";
import UnsortedIcon from "@mui/icons-material/UnfoldMore";
import {
  Box,
  ButtonBase,
  Card,
  Checkbox,
  LinearProgress,
  Link as MuiLink,
  Paper,
  Table,
  TableBody,
  TableCell,
  TableContainer,
  TableHead,
  TableRow,
  Typography,
  useMediaQuery,
  useTheme,
} from "@mui/material";
import { ApiError } from "atoll-react-admin";
import { useListContext } from "ra-core";
import { Link } from "react-router-dom";

import { fieldOf, type Field, type Resource } from "../api/meta";
import { ROW } from "../app/shortcuts";
import { Value } from "../fields/Value";
import { formatTime } from "../fields/time";
import { useNames, useText } from "../i18n";
import { DeletedBy, useDeletions } from "../trash/deletions";
import { ErrorAlert } from "../ui/ErrorAlert";
import { EmptyList } from "./EmptyList";
import { Pager } from "./Pager";

export interface Row {
  id: number;
  version?: number;
  deleted_at?: string | null;
  [field: string]: unknown;
}

interface RowsProps {
  resource: Resource;
  columns: string[];
  trash: boolean;
}

export const Rows = ({ resource, columns, trash }: RowsProps) => {
  const text = useText();
  const isWide = useMediaQuery(useTheme().breakpoints.up("sm"), { noSsr: true });
  const { data, error, isPending, isFetching } = useListContext<Row>();
  const fields = columns.map((name) => fieldOf(resource, name)).filter((field): field is Field => field !== undefined);
  if (error) return <Refused error={error} />;
  if (isPending) return <LinearProgress aria-label={text("ui.loading")} />;
  if (data.length === 0) return <EmptyList resource={resource} trash={trash} />;
  const Shown = isWide ? RowTable : RowCards;
  return (
    <Box aria-busy={isFetching}>
      <Shown resource={resource} fields={fields} rows={data} trash={trash} />
      <Pager />
    </Box>
  );
};

const Refused = ({ error }: { error: unknown }) => {
  // The list is about to go to its first page.
  if (error instanceof ApiError && error.has("page_out_of_reach")) return null;
  return <ErrorAlert error={error} />;
};

interface ShownProps {
  resource: Resource;
  fields: Field[];
  rows: Row[];
  trash: boolean;
}

const CELL = { maxWidth: 360, overflowWrap: "break-word" };

const RowTable = ({ resource, fields: [first, ...others], rows, trash }: ShownProps) => {
  const text = useText();
  const names = useNames();
  const { selectedIds, onSelect, onToggleItem } = useListContext<Row>();
  const deletions = useDeletions(resource, rows, trash);
  const ids = rows.map(({ id }) => id);
  const chosen = ids.filter((id) => selectedIds.includes(id));
  const toggleAll = () => onSelect(chosen.length === ids.length ? selectedIds.filter((id) => !ids.includes(id as number)) : [...new Set([...selectedIds, ...ids])]);
  return (
    <TableContainer component={Paper} variant="outlined" tabIndex={0} role="region" aria-label={names.resource(resource.name)}>
      <Table size="small">
        <TableHead>
          <TableRow>
            <TableCell padding="checkbox">
              <Checkbox
                size="small"
                checked={chosen.length === ids.length}
                indeterminate={chosen.length > 0 && chosen.length < ids.length}
                onChange={toggleAll}
                slotProps={{ input: { "aria-label": text("list.select_all") } }}
              />
            </TableCell>
            {first && <SortCell field={first} />}
            {trash && <TableCell>{text("trash.deleted_at")}</TableCell>}
            {trash && <TableCell>{text("trash.deleted_by")}</TableCell>}
            {others.map((field) => (
              <SortCell key={field.name} field={field} />
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {rows.map((row) => (
            <TableRow key={row.id} data-row={row.id} hover selected={selectedIds.includes(row.id)} sx={{ "&:focus-within": { outline: "2px solid", outlineColor: "primary.main", outlineOffset: -2 } }}>
              <TableCell padding="checkbox">
                <Checkbox
                  size="small"
                  checked={selectedIds.includes(row.id)}
                  onChange={() => onToggleItem(row.id)}
                  slotProps={{ input: { "aria-label": text("list.select_row", { name: nameOf(resource, row) }) } }}
                />
              </TableCell>
              <TableCell sx={CELL}>{first && <RowLink resource={resource} row={row} field={first} />}</TableCell>
              {trash && <TableCell sx={{ whiteSpace: "nowrap" }}>{row.deleted_at && formatTime(row.deleted_at)}</TableCell>}
              {trash && (
                <TableCell>
                  <DeletedBy deletion={deletions[row.id]} />
                </TableCell>
              )}
              {others.map((field) => (
                <TableCell key={field.name} sx={CELL}>
                  <Value field={field} value={row[field.name]} isShort />
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  );
};

/** The heading of a column, which sorts by it. */
const SortCell = ({ field }: { field: Field }) => {
  const names = useNames();
  const { sort, setSort } = useListContext();
  const label = names.field(field.name);
  if (!field.sort) return <TableCell>{label}</TableCell>;
  const isSorted = sort.field === field.name;
  const order = isSorted && sort.order === "ASC" ? "DESC" : "ASC";
  const Arrow = sort.order === "DESC" ? ArrowDown : ArrowUp;
  return (
    <TableCell aria-sort={isSorted ? (sort.order === "DESC" ? "descending" : "ascending") : undefined}>
      <ButtonBase onClick={() => setSort({ field: field.name, order })} sx={{ font: "inherit", gap: 0.5 }}>
        {label}
        {isSorted ? <Arrow sx={{ fontSize: "1rem" }} /> : <UnsortedIcon sx={{ fontSize: "1rem", color: "text.secondary" }} />}
      </ButtonBase>
    </TableCell>
  );
};

const RowCards = ({ resource, fields, rows, trash }: ShownProps) => {
  const text = useText();
  const names = useNames();
  const { selectedIds, onToggleItem } = useListContext<Row>();
  const deletions = useDeletions(resource, rows, trash);
  return (
    <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0, display: "grid", gap: 1 }}>
      {rows.map((row) => (
        <Card component="li" key={row.id} data-row={row.id} variant="outlined" sx={{ p: 1.5, display: "grid", gridTemplateColumns: "auto 1fr", columnGap: 1 }}>
          <Checkbox
            size="small"
            checked={selectedIds.includes(row.id)}
            onChange={() => onToggleItem(row.id)}
            slotProps={{ input: { "aria-label": text("list.select_row", { name: nameOf(resource, row) }) } }}
            sx={{ alignSelf: "start", ml: -1, mt: -1 }}
          />
          <Box sx={{ minWidth: 0, overflowWrap: "anywhere" }}>
            {fields.map((field, index) =>
              index === 0 ? (
                <RowLink key={field.name} resource={resource} row={row} field={field} />
              ) : (
                <Typography key={field.name} variant="body2">
                  <Box component="span" sx={{ color: "text.secondary" }}>
                    {names.field(field.name)}:{" "}
                  </Box>
                  <Value field={field} value={row[field.name]} isShort />
                </Typography>
              ),
            )}
            {trash && (
              <Typography variant="body2">
                {text("trash.deleted_at")}: {row.deleted_at && formatTime(row.deleted_at)} · <DeletedBy deletion={deletions[row.id]} />
              </Typography>
            )}
          </Box>
        </Card>
      ))}
    </Box>
  );
};

export const nameOf = (resource: Resource, row: Row): string => String((resource.title && row[resource.title]) || `#${row.id}`);

const RowLink = ({ resource, row, field }: { resource: Resource; row: Row; field: Field }) => (
  <MuiLink component={Link} to={`/${resource.name}/${row.id}`} {...ROW} sx={{ fontWeight: 600, outline: "none" }}>
    {row[field.name] === null || row[field.name] === undefined ? `#${row.id}` : field.references ? `#${row.id}` : <Value field={field} value={row[field.name]} isShort />}
  </MuiLink>
);
