/** The value of a condition, by the type of its field. */
import { Autocomplete, MenuItem, TextField } from "@mui/material";

import { listValue } from "atoll-react-admin";
import type { Field } from "../api/meta";
import { ReferencePicker } from "../fields/ReferencePicker";
import { fromLocalInput, toLocalInput } from "../fields/time";
import { useText } from "../i18n";

interface ValueProps {
  field: Field;
  operator: string;
  value: string;
  onChange: (value: string) => void;
}

export const ConditionValue = ({ field, operator, value, onChange }: ValueProps) => {
  const text = useText();
  const label = text("filters.value");
  const isList = operator === "in" || operator === "nin";
  if (operator === "is_null" || field.type === "boolean") return <YesNo {...{ label, value, onChange }} />;
  if (isList && field.values) return <Choices label={label} values={field.values} value={value} onChange={onChange} />;
  if (isList)
    return <TextField margin="none" label={label} value={value} helperText={text("filters.list_help")} onChange={(event) => onChange(event.target.value)} />;
  if (field.references && (operator === "eq" || operator === "ne"))
    return (
      <ReferencePicker
        margin="none"
        resource={field.references.resource}
        label={label}
        value={value === "" ? null : Number(value)}
        onChange={(id) => onChange(id === null ? "" : String(id))}
      />
    );
  if (field.values)
    return (
      <TextField select margin="none" label={label} value={value} onChange={(event) => onChange(event.target.value)}>
        {field.values.map((choice) => (
          <MenuItem key={choice} value={choice}>
            {choice}
          </MenuItem>
        ))}
      </TextField>
    );
  if (field.type === "datetime")
    return (
      <TextField
        type="datetime-local"
        margin="none"
        label={label}
        value={toLocalInput(value)}
        onChange={(event) => onChange(fromLocalInput(event.target.value) ?? "")}
        slotProps={{ inputLabel: { shrink: true }, htmlInput: { step: 1 } }}
      />
    );
  const type = { integer: "number", number: "number", date: "date", time: "time" }[field.type as string] ?? "text";
  return (
    <TextField
      type={type}
      margin="none"
      label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      slotProps={{ inputLabel: type === "date" || type === "time" ? { shrink: true } : {}, htmlInput: type === "number" && field.type === "number" ? { step: "any" } : {} }}
    />
  );
};

const YesNo = ({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) => {
  const text = useText();
  return (
    <TextField select margin="none" label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      <MenuItem value="true">{text("fields.yes")}</MenuItem>
      <MenuItem value="false">{text("fields.no")}</MenuItem>
    </TextField>
  );
};

const Choices = ({ label, values, value, onChange }: { label: string; values: string[]; value: string; onChange: (value: string) => void }) => (
  <Autocomplete
    multiple
    options={values}
    value={value === "" ? [] : value.split(",")}
    onChange={(_, chosen) => onChange(listValue(chosen))}
    renderInput={(params) => <TextField {...params} margin="none" label={label} />}
  />
);
