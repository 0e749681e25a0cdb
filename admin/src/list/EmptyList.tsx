/** Says why a list is empty and what to do next. */
import { Button, Paper, Stack, Typography } from "@mui/material";
import { useListContext } from "ra-core";
import { Link } from "react-router-dom";

import { allows, type Resource } from "../api/meta";
import { useNames, useText } from "../i18n";
import { Pager } from "./Pager";
import { conditionsOf, type Filters } from "./state";

export const EmptyList = ({ resource, trash }: { resource: Resource; trash: boolean }) => {
  const text = useText();
  const names = useNames();
  const { filterValues, setFilters, page } = useListContext();
  const filters = filterValues as Filters;
  const isFiltered = Boolean(filters.q) || conditionsOf(filters).length > 0;
  if (page > 1)
    return (
      <>
        <Typography>{text("list.empty_page")}</Typography>
        <Pager />
      </>
    );
  const reason = isFiltered ? "list.empty_filtered" : trash ? "list.empty_trash" : "list.empty";
  return (
    <Paper variant="outlined" sx={{ p: 4, textAlign: "center" }}>
      <Typography sx={{ mb: 2 }}>{text(reason, { name: names.resource(resource.name).toLowerCase() })}</Typography>
      <Stack direction="row" spacing={1} useFlexGap sx={{ justifyContent: "center", flexWrap: "wrap" }}>
        {isFiltered && (
          <Button variant="outlined" onClick={() => setFilters(trash ? { deleted: "only" } : {})}>
            {text("list.remove_filters")}
          </Button>
        )}
        {!trash && allows(resource, "create") && (
          <Button component={Link} to={`/${resource.name}/create`} variant="contained">
            {text("list.create_first")}
          </Button>
        )}
        {!trash && !isFiltered && allows(resource, "import") && (
          <Button component={Link} to={`/${resource.name}/import`} variant="outlined">
            {text("import.open")}
          </Button>
        )}
      </Stack>
    </Paper>
  );
};
