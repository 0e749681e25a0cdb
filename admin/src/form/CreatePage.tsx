/** Makes a new row. */
import { Paper } from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { useNotify } from "ra-core";
import { useState } from "react";
import { useNavigate } from "react-router-dom";

import { dataProvider } from "../api/client";
import type { Resource } from "../api/meta";
import { useNames, useText } from "../i18n";
import { Page } from "../ui/Page";
import { RowForm } from "./RowForm";
import { newRow, type Values } from "./values";

export const CreatePage = ({ resource }: { resource: Resource }) => {
  const text = useText();
  const names = useNames();
  const notify = useNotify();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [row] = useState<Values>(() => newRow(resource));
  const save = async (data: Values) => {
    const { data: made } = await dataProvider.create(resource.name, { data });
    await queries.invalidateQueries({ queryKey: [resource.name] });
    notify(text("form.created"), { type: "success" });
    // The form must know that it is saved before the page changes.
    setTimeout(() => navigate(`/${resource.name}/${made.id}`, { replace: true }));
  };
  return (
    <Page title={text("form.create", { name: names.resource(resource.name) })} narrow>
      <Paper variant="outlined" sx={{ p: { xs: 2, sm: 3 } }}>
        <RowForm resource={resource} mode="create" row={row} onSave={save} />
      </Paper>
    </Page>
  );
};
