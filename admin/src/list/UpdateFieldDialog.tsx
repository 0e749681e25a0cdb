/** Gives one field of the selected rows the same value. All rows change, or none. */
import { Button, Dialog, DialogActions, DialogContent, DialogTitle, MenuItem, TextField } from "@mui/material";
import { Form, useListContext } from "ra-core";
import { useId, useState } from "react";
import type { FieldValues } from "react-hook-form";

import { dataProvider } from "../api/client";
import type { Resource } from "../api/meta";
import { FieldInput } from "../form/FieldInput";
import { fromForm } from "../form/values";
import { useNames, useText } from "../i18n";
import { ErrorAlert } from "../ui/ErrorAlert";
import type { Row } from "./Rows";

interface DialogProps {
  resource: Resource;
  ids: number[];
  onClose: () => void;
  onDone: (kind: "update", count: number) => void;
}

export const UpdateFieldDialog = ({ resource, ids, onClose, onDone }: DialogProps) => {
  const text = useText();
  const names = useNames();
  const id = useId();
  const { data = [] } = useListContext<Row>();
  const fields = resource.fields.filter(({ update }) => update);
  const [name, setName] = useState(fields.find(({ type }) => type === "enum" || type === "boolean")?.name ?? fields[0]?.name ?? "");
  const [error, setError] = useState<unknown>();
  const field = fields.find((other) => other.name === name);

  const submit = async (values: FieldValues) => {
    setError(undefined);
    const versions = Object.fromEntries(data.filter((row) => ids.includes(row.id) && row.version).map((row) => [row.id, row.version]));
    try {
      await dataProvider.updateMany(resource.name, { ids, data: fromForm(resource, { [name]: values[name] ?? null }), meta: { versions } });
      onDone("update", ids.length);
      onClose();
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="sm">
      <DialogTitle id={id}>{text("bulk.ask.update", { smart_count: ids.length, name: names.resource(resource.name).toLowerCase() })}</DialogTitle>
      <Form key={name} resource={resource.name} record={{}} onSubmit={submit}>
        <DialogContent>
          <TextField select label={text("bulk.field")} value={name} onChange={(event) => setName(event.target.value)}>
            {fields.map((other) => (
              <MenuItem key={other.name} value={other.name}>
                {names.field(other.name)}
              </MenuItem>
            ))}
          </TextField>
          {field && <FieldInput resource={resource} field={field} mode="update" />}
          {error !== undefined && <ErrorAlert error={error} />}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{text("ui.cancel")}</Button>
          <Button type="submit" variant="contained">
            {text("bulk.update")}
          </Button>
        </DialogActions>
      </Form>
    </Dialog>
  );
};
