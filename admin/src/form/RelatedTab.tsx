/** The newest rows of another resource that belong to a row. */
import { Button, LinearProgress, List, ListItemButton, ListItemText, Typography } from "@mui/material";
import { useGetManyReference } from "ra-core";
import { Link } from "react-router-dom";

import { useResource } from "../app/meta";
import { formatTime } from "../fields/time";
import { useNames, useText } from "../i18n";
import { nameOf, type Row } from "../list/Rows";
import { asSort } from "../list/state";
import { ErrorAlert } from "../ui/ErrorAlert";

const SHOWN = 10;

export const RelatedTab = ({ child: name, field, id }: { child: string; field: string; id: number }) => {
  const text = useText();
  const names = useNames();
  const child = useResource(name);
  const { data, error, isPending, pageInfo } = useGetManyReference<Row>(
    name,
    {
      id,
      target: field,
      pagination: { page: 1, perPage: SHOWN },
      sort: asSort(child?.default_sort ?? "-id"),
      filter: {},
    },
    { enabled: child !== undefined },
  );
  if (error) return <ErrorAlert error={error} />;
  if (isPending || !child) return <LinearProgress aria-label={text("ui.loading")} />;
  const label = names.resource(name).toLowerCase();
  if (data.length === 0) return <Typography>{text("row.no_related", { name: label })}</Typography>;
  const filter = encodeURIComponent(JSON.stringify({ [`${field}.eq`]: id }));
  return (
    <>
      <List dense disablePadding>
        {data.map((row) => (
          <li key={row.id}>
            <ListItemButton component={Link} to={`/${name}/${row.id}`}>
              <ListItemText primary={preview(child.title, row) ?? nameOf(child, row)} secondary={typeof row.created_at === "string" ? formatTime(row.created_at) : undefined} />
            </ListItemButton>
          </li>
        ))}
      </List>
      <Button component={Link} to={`/${name}?filter=${filter}`} sx={{ mt: 1 }}>
        {text(pageInfo?.hasNextPage ? "row.all_related" : "row.as_list", { name: label })}
      </Button>
    </>
  );
};

/** A row without a name, such as a comment, shows the beginning of its text. */
const preview = (title: string | null, row: Row): string | undefined => {
  if (title) return undefined;
  const body = Object.entries(row).find(([name, value]) => typeof value === "string" && !name.endsWith("_at"))?.[1] as string | undefined;
  return body && (body.length > 120 ? `${body.slice(0, 118)}…` : body);
};
