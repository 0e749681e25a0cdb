/** One row: its form, its history, and what belongs to it. */
import { Alert, LinearProgress, Paper, Tab, Tabs } from "@mui/material";
import { ApiError } from "atoll-react-admin";
import { Link, useParams } from "react-router-dom";

import { allows, type Resource } from "../api/meta";
import { NotFound } from "../app/NotFound";
import { HistoryTab } from "../history/HistoryTab";
import { useNames, useText } from "../i18n";
import { nameOf, type Row } from "../list/Rows";
import { DeletedBanner } from "../trash/DeletedBanner";
import { ErrorAlert } from "../ui/ErrorAlert";
import { Page } from "../ui/Page";
import { USER_TABS } from "../users/tabs";
import { EditTab } from "./EditTab";
import { RelatedTab } from "./RelatedTab";
import { useRow } from "./useRow";

export interface TabProps {
  resource: Resource;
  row: Row;
  changed: (row?: Row) => Promise<void>;
}

interface TabDefinition {
  path: string;
  label: string;
  content: React.ReactNode;
}

export const RowPage = ({ resource }: { resource: Resource }) => {
  const text = useText();
  const names = useNames();
  const { id = "", tab = "" } = useParams();
  const { data: row, error, changed } = useRow(resource, Number(id));
  const tabs = useTabs(resource, row, changed);
  if (error instanceof ApiError && error.status === 404) return <Gone resource={resource} />;
  if (error) return <ErrorAlert error={error} />;
  if (!row) return <LinearProgress aria-label={text("ui.loading")} />;
  const current = tabs.find(({ path }) => path === tab);
  if (!current) return <NotFound />;
  return (
    <Page title={nameOf(resource, row)} narrow>
      {row.deleted_at && <DeletedBanner resource={resource} row={row} changed={changed} />}
      <Tabs value={current.path} variant="scrollable" allowScrollButtonsMobile aria-label={names.resource(resource.name)} sx={{ mb: 2, borderBottom: 1, borderColor: "divider" }}>
        {tabs.map(({ path, label }) => (
          <Tab key={path} value={path} label={label} component={Link} to={`/${resource.name}/${row.id}${path && `/${path}`}`} />
        ))}
      </Tabs>
      <Paper key={current.path} variant="outlined" sx={{ p: { xs: 2, sm: 3 } }}>
        {current.content}
      </Paper>
    </Page>
  );
};

const useTabs = (resource: Resource, row: Row | undefined, changed: TabProps["changed"]): TabDefinition[] => {
  const text = useText();
  const names = useNames();
  if (!row) return [];
  const props = { resource, row, changed };
  return [
    { path: "", label: text("row.edit"), content: <EditTab {...props} /> },
    ...(resource.name === "users" ? USER_TABS : []).map(({ path, label, content: Content }) => ({ path, label: text(label), content: <Content {...props} /> })),
    ...resource.children.map(({ resource: child, field }) => ({
      path: resource.children.filter((other) => other.resource === child).length > 1 ? `${child}-${field}` : child,
      label: names.resource(child),
      content: <RelatedTab child={child} field={field} id={row.id} />,
    })),
    ...(allows(resource, "history") ? [{ path: "history", label: text("history.title"), content: <HistoryTab {...props} /> }] : []),
  ];
};

const Gone = ({ resource }: { resource: Resource }) => {
  const text = useText();
  const names = useNames();
  return (
    <Page title={text("row.gone")} narrow>
      <Alert severity="info">{text("row.gone_help")}</Alert>
      <p>
        <Link to={`/${resource.name}`}>{text("row.back", { name: names.resource(resource.name) })}</Link>
      </p>
    </Page>
  );
};
