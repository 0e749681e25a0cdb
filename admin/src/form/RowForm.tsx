/** The form of a row: limits are checked before anything is sent, and what the server refuses is shown at its field. */
import { Box, Button, Stack } from "@mui/material";
import { ApiError } from "atoll-react-admin";
import { Form } from "ra-core";
import { useMemo, useState, type ReactNode } from "react";
import { useFormState, type FieldValues } from "react-hook-form";

import type { Resource } from "../api/meta";
import { useText } from "../i18n";
import { ErrorAlert } from "../ui/ErrorAlert";
import { FieldInput, type Mode } from "./FieldInput";
import { changedValues, formFields, toForm, type Values } from "./values";

interface FormProps {
  resource: Resource;
  mode: Mode;
  row: Values;
  /** Sends what was changed. Throws what the server refuses. */
  onSave: (changed: Values) => Promise<void>;
  actions?: ReactNode;
}

export const RowForm = ({ resource, mode, row, onSave, actions }: FormProps) => {
  const [error, setError] = useState<unknown>();
  const fields = formFields(resource, mode);
  const record = useMemo(() => toForm(resource, row), [resource, row]);
  const submit = async (values: FieldValues) => {
    setError(undefined);
    try {
      await onSave(changedValues(resource, mode, values, row));
      return undefined;
    } catch (failure) {
      const errors = failure instanceof ApiError ? failure.body.errors : undefined;
      const isAtFields = errors !== undefined && Object.keys(errors).every((name) => fields.some((field) => field.name === name));
      if (!isAtFields) setError(failure);
      // Something has to be returned, or the form counts as saved.
      return errors ?? { root: { serverError: "" } };
    }
  };
  return (
    <Form record={record} resource={resource.name} onSubmit={submit} noValidate warnWhenUnsavedChanges disableInvalidFormNotification>
      <Stack>
        {fields.map((field) => (
          <FieldInput key={field.name} resource={resource} field={field} mode={mode} />
        ))}
        {error !== undefined && (
          <Box sx={{ mt: 1 }}>
            <ErrorAlert error={error} />
          </Box>
        )}
        <Toolbar actions={actions} />
      </Stack>
    </Form>
  );
};

const Toolbar = ({ actions }: { actions: ReactNode }) => {
  const text = useText();
  const { isSubmitting, isDirty } = useFormState();
  return (
    <Stack direction="row" spacing={1} useFlexGap sx={{ mt: 2, flexWrap: "wrap", alignItems: "center" }}>
      <Button type="submit" variant="contained" disabled={isSubmitting}>
        {text(isSubmitting ? "form.saving" : "ui.save")}
      </Button>
      {isDirty && <Box component="span" sx={{ color: "text.secondary" }}>{text("form.unsaved")}</Box>}
      <Box sx={{ flexGrow: 1 }} />
      {actions}
    </Stack>
  );
};
