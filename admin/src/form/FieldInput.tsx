/** The input of a field, by its type. */
import { Autocomplete, FormControl, FormControlLabel, FormHelperText, MenuItem, Switch, TextField } from "@mui/material";
import { useInput } from "ra-core";
import { useCallback } from "react";

import type { Field, Resource } from "../api/meta";
import { ReferencePicker } from "../fields/ReferencePicker";
import { fromLocalInput, toLocalInput, zone } from "../fields/time";
import { useNames, useText } from "../i18n";
import { PermissionGrid } from "../roles/PermissionGrid";
import { PasswordField } from "../ui/PasswordField";
import { checksOf } from "./limits";

export type Mode = "create" | "update";

interface InputProps {
  resource: Resource;
  field: Field;
  mode: Mode;
}

/** Inputs that know more than the type of a field. */
const SPECIAL: Record<string, React.ComponentType<ControlProps>> = { "roles.permissions": PermissionGrid };

export interface ControlProps {
  field: Field;
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
  onBlur: () => void;
  error: string | undefined;
  help: string | undefined;
  required: boolean;
  id: string;
}

export const FieldInput = ({ resource, field, mode }: InputProps) => {
  const text = useText();
  const names = useNames();
  // The same function each time: another one would make react-hook-form check again.
  const validate = useCallback(checksOf(field, mode, text), [field, mode, text]);
  const {
    field: { value, onChange, onBlur },
    fieldState: { error },
    id,
  } = useInput({ source: field.name, validate, defaultValue: mode === "create" ? (field.default ?? null) : null, parse: (input) => input, format: (input) => input });
  const isRequired = mode === "create" ? field.create === "required" : !field.nullable;
  const props: ControlProps = {
    field,
    id,
    label: names.field(field.name),
    value,
    onChange,
    onBlur,
    error: error && readable(error.message),
    help: field.description,
    required: isRequired,
  };
  const Control = SPECIAL[`${resource.name}.${field.name}`] ?? controlOf(field, mode);
  return <Control {...props} />;
};

/** React-admin wraps messages so that it can translate them later. */
const readable = (message: unknown): string => {
  const text = String(message ?? "");
  const [, wrapped] = /^@@react-admin@@(.*)$/s.exec(text) ?? [];
  return wrapped === undefined ? text : String(JSON.parse(wrapped));
};

const controlOf = (field: Field, mode: Mode): React.ComponentType<ControlProps> => {
  if (field.references) return ReferenceControl;
  if (field.format === "password") return PasswordControl;
  if (field.values && field.type !== "list") return ChoiceControl;
  switch (field.type) {
    case "boolean":
      // Without an answer the server chooses, which is neither yes nor no.
      return field.nullable || (mode === "create" && field.create === "optional" && field.default === undefined) ? ChoiceControl : BooleanControl;
    case "integer":
    case "number":
      return field.format === "int64" ? TextControl : NumberControl;
    case "datetime":
      return DateTimeControl;
    case "json":
      return JsonControl;
    case "list":
      return ListControl;
    default:
      return TextControl;
  }
};

const INPUT_MODES: Record<string, "email" | "url" | "numeric" | "decimal"> = { email: "email", uri: "url", int64: "numeric", decimal: "decimal" };

const TextControl = ({ field, value, onChange, ...props }: ControlProps) => {
  const isLong = field.format === "long";
  const type = { date: "date", time: "time" }[field.type as string] ?? "text";
  return (
    <TextField
      {...common(props)}
      type={type}
      value={value ?? ""}
      onChange={(event) => onChange(event.target.value === "" ? null : event.target.value)}
      multiline={isLong}
      minRows={isLong ? 4 : undefined}
      maxRows={isLong ? 24 : undefined}
      slotProps={{
        inputLabel: type === "text" ? {} : { shrink: true },
        htmlInput: { ...(type === "time" && { step: 1 }), ...(INPUT_MODES[field.format ?? field.type] && { inputMode: INPUT_MODES[field.format ?? field.type] }) },
      }}
      helperText={props.error ?? withCount(props.help, field, value)}
    />
  );
};

/** Long texts say how much room is left. */
const withCount = (help: string | undefined, { format, max_length }: Field, value: unknown) => {
  if (format !== "long" || max_length === undefined) return help;
  const count = `${[...String(value ?? "")].length} / ${max_length}`;
  return help ? `${help} ${count}` : count;
};

const PasswordControl = ({ value, onChange, ...props }: ControlProps) => (
  <PasswordField {...common(props)} autoComplete="new-password" value={value ?? ""} onChange={(event) => onChange(event.target.value || null)} />
);

const NumberControl = ({ field, value, onChange, ...props }: ControlProps) => (
  <TextField
    {...common(props)}
    type="number"
    value={value ?? ""}
    onChange={(event) => onChange(event.target.value === "" ? null : Number(event.target.value))}
    slotProps={{ htmlInput: { step: field.type === "integer" ? 1 : "any", min: field.minimum, max: field.maximum } }}
  />
);

const DateTimeControl = ({ value, onChange, ...props }: ControlProps) => {
  const text = useText();
  const zoneHelp = text("form.zone", { zone: zone() });
  return (
    <TextField
      {...common(props)}
      type="datetime-local"
      value={toLocalInput(value)}
      onChange={(event) => onChange(fromLocalInput(event.target.value))}
      helperText={props.error ?? (props.help ? `${props.help} ${zoneHelp}` : zoneHelp)}
      slotProps={{ inputLabel: { shrink: true }, htmlInput: { step: 1 } }}
    />
  );
};

const BooleanControl = ({ label, value, onChange, onBlur, error, help, id }: ControlProps) => (
  <FormControl error={error !== undefined} sx={{ my: 0.5 }}>
    <FormControlLabel
      label={label}
      control={<Switch id={id} checked={value === true} onChange={(_, checked) => onChange(checked)} onBlur={onBlur} />}
    />
    {(error ?? help) && <FormHelperText>{error ?? help}</FormHelperText>}
  </FormControl>
);

const ChoiceControl = ({ field, value, onChange, ...props }: ControlProps) => {
  const text = useText();
  const isBoolean = field.type === "boolean";
  const choices = isBoolean ? ["true", "false"] : (field.values ?? []);
  const choose = (chosen: string) => onChange(chosen === "" ? null : isBoolean ? chosen === "true" : chosen);
  const name = (choice: string) => (isBoolean ? text(choice === "true" ? "fields.yes" : "fields.no") : choice);
  return (
    <TextField {...common(props)} select value={value === null || value === undefined ? "" : String(value)} onChange={(event) => choose(event.target.value)}>
      {!props.required && <MenuItem value="">{text(field.nullable ? "fields.none" : "fields.by_server")}</MenuItem>}
      {choices.map((choice) => (
        <MenuItem key={choice} value={choice}>
          {name(choice)}
        </MenuItem>
      ))}
    </TextField>
  );
};

const ReferenceControl = ({ field, value, onChange, ...props }: ControlProps) => (
  <ReferencePicker
    resource={field.references?.resource ?? ""}
    value={(value as number | undefined) ?? null}
    onChange={onChange}
    {...common(props)}
  />
);

/** JSON is edited as text; `values.ts` translates it. */
const JsonControl = ({ value, onChange, ...props }: ControlProps) => (
  <TextField
    {...common(props)}
    multiline
    minRows={3}
    maxRows={24}
    value={value ?? ""}
    onChange={(event) => onChange(event.target.value === "" ? null : event.target.value)}
    slotProps={{ htmlInput: { spellCheck: false, style: { fontFamily: "monospace", fontSize: "0.875rem" } } }}
  />
);

const ListControl = ({ field, value, onChange, ...props }: ControlProps) => {
  const { label, required, helperText, error, onBlur, id } = common(props);
  return (
    <Autocomplete
      multiple
      freeSolo={field.values === undefined}
      options={field.values ?? []}
      value={(value as string[] | undefined) ?? []}
      onChange={(_, chosen) => onChange(chosen)}
      onBlur={onBlur}
      id={id}
      renderInput={(params) => <TextField {...params} label={label} required={required && !(value as unknown[] | undefined)?.length} helperText={helperText} error={error} />}
    />
  );
};

const common = ({ label, onBlur, error, help, required, id }: Omit<ControlProps, "field" | "value" | "onChange">) => ({
  id,
  label,
  onBlur,
  required,
  error: error !== undefined,
  helperText: error ?? help,
});
