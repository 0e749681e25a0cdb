/** All conditions of a list, edited together and applied with one press. */
import AddIcon from "@mui/icons-material/Add";
import CloseIcon from "@mui/icons-material/Close";
import FilterIcon from "@mui/icons-material/FilterList";
import { Box, Button, Chip, IconButton, MenuItem, Paper, Stack, TextField, Typography } from "@mui/material";
import { useListContext } from "ra-core";
import { useEffect, useId, useState, type FormEvent } from "react";

import type { Field, Resource } from "../api/meta";
import { useNames, useText } from "../i18n";
import { formatTime } from "../fields/time";
import { ConditionValue } from "./ConditionValue";
import { useOperatorName } from "./operators";
import { conditionsOf, filtersOf, operatorsOf, type Condition, type Filters } from "./state";

export const FilterPanel = ({ resource }: { resource: Resource }) => {
  const text = useText();
  const id = useId();
  const { filterValues, setFilters } = useListContext();
  const filters = filterValues as Filters;
  const [isOpen, setIsOpen] = useState(false);
  const fields = resource.fields.filter((field) => operatorsOf(field).length > 0);
  const active = conditionsOf(filters);
  const remove = (condition: Condition) => setFilters(filtersOf(active.filter((other) => !isSame(other, condition)), filters));
  if (fields.length === 0) return null;
  return (
    <Box sx={{ mb: 1 }}>
      <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap", alignItems: "center" }}>
        <Button startIcon={<FilterIcon />} aria-expanded={isOpen} aria-controls={id} onClick={() => setIsOpen(!isOpen)}>
          {text("filters.title")}
        </Button>
        {active.map((condition) => (
          <ConditionChip key={`${condition.field}.${condition.operator}`} resource={resource} condition={condition} onDelete={() => remove(condition)} />
        ))}
      </Stack>
      <Box id={id}>
        {isOpen && (
          <ConditionForm fields={fields} active={active} apply={(conditions) => setFilters(filtersOf(conditions, filters))} />
        )}
      </Box>
    </Box>
  );
};

const isSame = (a: Condition, b: Condition) => a.field === b.field && a.operator === b.operator;

const ConditionChip = ({ resource, condition, onDelete }: { resource: Resource; condition: Condition; onDelete: () => void }) => {
  const text = useText();
  const names = useNames();
  const operatorName = useOperatorName();
  const field = resource.fields.find(({ name }) => name === condition.field);
  const value = field?.type === "datetime" && condition.operator !== "is_null" ? formatTime(condition.value) : condition.value;
  const label = `${names.field(condition.field)} ${operatorName(field, condition.operator)} ${value}`;
  return (
    <Chip
      label={label}
      size="small"
      component="button"
      onClick={onDelete}
      aria-label={text("filters.remove", { condition: label })}
      icon={<CloseIcon fontSize="small" />}
    />
  );
};

interface FormProps {
  fields: Field[];
  active: Condition[];
  apply: (conditions: Condition[]) => void;
}

const ConditionForm = ({ fields, active, apply }: FormProps) => {
  const text = useText();
  const first = (): Condition => ({ field: fields[0]!.name, operator: firstOperator(fields[0]!), value: "" });
  const [conditions, setConditions] = useState<Condition[]>(active.length > 0 ? active : [first()]);
  const applied = JSON.stringify(active);
  useEffect(() => {
    const now = JSON.parse(applied) as Condition[];
    if (now.length > 0) setConditions(now);
  }, [applied]);
  const change = (index: number, condition: Condition) => setConditions(conditions.map((old, i) => (i === index ? condition : old)));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    apply(conditions);
  };
  return (
    <Paper component="form" variant="outlined" aria-label={text("filters.title")} onSubmit={submit} sx={{ p: 2, mt: 1 }}>
      <Stack spacing={1.5}>
        {conditions.map((condition, index) => (
          <ConditionRow
            key={index}
            fields={fields}
            number={index + 1}
            condition={condition}
            onChange={(changed) => change(index, changed)}
            onRemove={() => setConditions(conditions.filter((_, i) => i !== index))}
          />
        ))}
        {conditions.length === 0 && <Typography color="text.secondary">{text("filters.none")}</Typography>}
        <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap" }}>
          <Button startIcon={<AddIcon />} onClick={() => setConditions([...conditions, first()])}>
            {text("filters.add")}
          </Button>
          <Box sx={{ flexGrow: 1 }} />
          <Button
            onClick={() => {
              setConditions([]);
              apply([]);
            }}
          >
            {text("filters.clear")}
          </Button>
          <Button type="submit" variant="contained">
            {text("filters.apply")}
          </Button>
        </Stack>
      </Stack>
    </Paper>
  );
};

interface RowProps {
  fields: Field[];
  number: number;
  condition: Condition;
  onChange: (condition: Condition) => void;
  onRemove: () => void;
}

const firstOperator = (field: Field) => (field.operators.includes("contains") ? "contains" : (operatorsOf(field)[0] ?? "eq"));

const ConditionRow = ({ fields, number, condition, onChange, onRemove }: RowProps) => {
  const text = useText();
  const names = useNames();
  const operatorName = useOperatorName();
  const field = fields.find(({ name }) => name === condition.field) ?? fields[0]!;
  const chooseField = (name: string) => {
    const chosen = fields.find((other) => other.name === name)!;
    onChange({ field: name, operator: firstOperator(chosen), value: "" });
  };
  return (
    <Box role="group" aria-label={text("filters.condition", { number })} sx={{ display: "grid", gap: 1, gridTemplateColumns: { xs: "1fr 1fr auto", sm: "1fr 1fr 2fr auto" }, alignItems: "start" }}>
      <TextField select margin="none" label={text("filters.field")} value={field.name} onChange={(event) => chooseField(event.target.value)}>
        {fields.map(({ name }) => (
          <MenuItem key={name} value={name}>
            {names.field(name)}
          </MenuItem>
        ))}
      </TextField>
      <TextField
        select
        margin="none"
        label={text("filters.operator")}
        value={condition.operator}
        onChange={(event) => onChange({ ...condition, operator: event.target.value, value: event.target.value === "is_null" ? "true" : condition.operator === "is_null" ? "" : condition.value })}
      >
        {operatorsOf(field).map((operator) => (
          <MenuItem key={operator} value={operator}>
            {operatorName(field, operator)}
          </MenuItem>
        ))}
      </TextField>
      <IconButton aria-label={text("filters.remove_condition", { number })} onClick={onRemove} sx={{ order: { xs: 0, sm: 1 } }}>
        <CloseIcon />
      </IconButton>
      <Box sx={{ gridColumn: { xs: "1 / -1", sm: "auto" } }}>
        <ConditionValue field={field} operator={condition.operator} value={condition.value} onChange={(value) => onChange({ ...condition, value })} />
      </Box>
    </Box>
  );
};
