/** The list of a resource: what is shown, found, sorted, selected, exported. */
import AddIcon from "@mui/icons-material/Add";
import { Box, Button, Stack, Tab, Tabs } from "@mui/material";
import { ApiError } from "atoll-react-admin";
import { ListBase, useListContext, useNotify } from "ra-core";
import { useMemo } from "react";
import { Link, useLocation } from "react-router-dom";

import { allows, type Resource } from "../api/meta";
import { CREATE } from "../app/shortcuts";
import { useNames, useText } from "../i18n";
import { Page } from "../ui/Page";
import { BulkBar } from "./BulkBar";
import { ColumnMenu } from "./ColumnMenu";
import { ExportMenu } from "./ExportMenu";
import { FilterPanel } from "./FilterPanel";
import { Rows } from "./Rows";
import { SearchBox } from "./SearchBox";
import { asSort, chosenColumns, defaultColumns, isTrash, type Filters } from "./state";
import { ViewMenu } from "./ViewMenu";

export const PER_PAGE = 25;

export const ListPage = ({ resource }: { resource: Resource }) => {
  const { search } = useLocation();
  const trash = isTrash(filtersIn(search));
  const columns = useMemo(() => chosenColumns(search) ?? defaultColumns(resource, trash), [search, resource, trash]);
  const notify = useNotify();
  const queryOptions = useMemo(() => {
    // Other refusals are shown in place of the rows. From a page that cannot be reached, the list goes to the first one.
    const onError = (error: Error) => error instanceof ApiError && error.has("page_out_of_reach") && notify(error.message, { type: "warning" });
    return { meta: listMeta(resource, columns, trash), onError };
  }, [resource, columns, trash, notify]);
  return (
    <ListBase
      resource={resource.name}
      sort={asSort(resource.default_sort)}
      perPage={PER_PAGE}
      queryOptions={queryOptions}
      storeKey={false}
      exporter={false}
      disableAuthentication
    >
      <Content resource={resource} columns={columns} trash={trash} />
    </ListBase>
  );
};

const filtersIn = (search: string): Filters => {
  try {
    return JSON.parse(new URLSearchParams(search).get("filter") ?? "{}") as Filters;
  } catch {
    return {};
  }
};

/** Only shown fields are read, and those that actions on a row need. */
const listMeta = (resource: Resource, columns: string[], trash: boolean) => {
  const needed = [...columns, resource.title, resource.owner, resource.versioned ? "version" : null, trash ? "deleted_at" : null];
  const known = needed.filter((name): name is string => name === "deleted_at" || resource.fields.some((field) => field.name === name && field.readable));
  return { fields: [...new Set(["id", ...known])], defaultSort: resource.default_sort };
};

const Content = ({ resource, columns, trash }: { resource: Resource; columns: string[]; trash: boolean }) => {
  const names = useNames();
  const { selectedIds = [] } = useListContext();
  return (
    <Page title={names.resource(resource.name)} actions={<Actions resource={resource} />}>
      {allows(resource, "deleted") || trash ? <TrashTabs trash={trash} /> : null}
      <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap", alignItems: "center", mb: 1 }}>
        {resource.search.length > 0 && <SearchBox fields={resource.search} />}
        <Box sx={{ flexGrow: 1 }} />
        <ViewMenu resource={resource.name} />
        <ColumnMenu resource={resource} columns={columns} />
        {allows(resource, "export") && <ExportMenu resource={resource.name} />}
      </Stack>
      <FilterPanel resource={resource} />
      {selectedIds.length > 0 && <BulkBar resource={resource} trash={trash} />}
      <Rows resource={resource} columns={columns} trash={trash} />
    </Page>
  );
};

const Actions = ({ resource }: { resource: Resource }) => {
  const text = useText();
  return (
    <>
      {allows(resource, "import") && (
        <Button component={Link} to={`/${resource.name}/import`}>
          {text("import.open")}
        </Button>
      )}
      {allows(resource, "create") && (
        <Button component={Link} to={`/${resource.name}/create`} variant="contained" startIcon={<AddIcon />} {...CREATE}>
          {text("list.create")}
        </Button>
      )}
    </>
  );
};

const TrashTabs = ({ trash }: { trash: boolean }) => {
  const text = useText();
  const { filterValues, setFilters } = useListContext();
  const change = (_: unknown, value: string) => {
    const { deleted: _gone, ...others } = filterValues as Filters;
    setFilters(value === "trash" ? { ...others, deleted: "only" } : others);
  };
  return (
    <Tabs value={trash ? "trash" : "live"} onChange={change} aria-label={text("list.tabs")} sx={{ mb: 2, borderBottom: 1, borderColor: "divider" }}>
      <Tab value="live" label={text("list.live")} />
      <Tab value="trash" label={text("list.trash")} />
    </Tabs>
  );
};
