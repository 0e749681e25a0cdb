/** Chooses a row of another resource: searches as one types. */
import { Autocomplete, TextField } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useReference } from "ra-core";
import { useDeferredValue, useState, type ReactNode } from "react";

import { client, type Page } from "../api/client";
import type { Resource } from "../api/meta";
import { useResource } from "../app/meta";
import { useText } from "../i18n";

interface PickerProps {
  resource: string;
  label: string;
  value: number | null;
  onChange: (value: number | null) => void;
  onBlur?: () => void;
  name?: string;
  error?: boolean;
  helperText?: ReactNode;
  required?: boolean;
  disabled?: boolean;
  margin?: "none" | "dense";
}

interface Choice {
  id: number;
  label: string;
}

const CHOICES = 20;

export const ReferencePicker = ({ resource: name, label, value, onChange, helperText, margin = "dense", ...props }: PickerProps) => {
  const text = useText();
  const resource = useResource(name);
  const title = resource?.title ?? "id";
  const [typed, setTyped] = useState("");
  const [isOpen, setIsOpen] = useState(false);
  const chosen = useChosen(name, title, value);
  const searched = useDeferredValue(typed === chosen?.label ? "" : typed);
  const { data: choices = [], isFetching } = useChoices(resource, title, searched, isOpen);

  return (
    <Autocomplete<Choice>
      value={chosen}
      options={choices}
      open={isOpen}
      onOpen={() => setIsOpen(true)}
      onClose={() => setIsOpen(false)}
      onChange={(_, choice) => onChange(choice?.id ?? null)}
      onInputChange={(_, input) => setTyped(input)}
      getOptionLabel={(choice) => choice.label}
      getOptionKey={(choice) => choice.id}
      isOptionEqualToValue={(a, b) => a.id === b.id}
      // The server has searched already.
      filterOptions={(options) => options}
      loading={isFetching}
      loadingText={text("ui.loading")}
      noOptionsText={text("fields.no_choices")}
      disabled={props.disabled ?? false}
      onBlur={props.onBlur}
      renderInput={(params) => (
        <TextField {...params} label={label} margin={margin} name={props.name} error={props.error} helperText={helperText} required={props.required} />
      )}
    />
  );
};

/** Reads the name of the chosen row. */
const useChosen = (resource: string, title: string, value: number | null): Choice | null => {
  const { referenceRecord } = useReference({
    reference: resource,
    id: value as number,
    options: { enabled: value !== null, meta: { fields: title === "id" ? ["id"] : ["id", title] }, staleTime: 60_000 },
  });
  if (value === null) return null;
  return { id: value, label: String(referenceRecord?.[title] ?? `#${value}`) };
};

const useChoices = (resource: Resource | undefined, title: string, typed: string, isOpen: boolean) =>
  useQuery({
    queryKey: ["choices", resource?.name, typed],
    enabled: isOpen && resource !== undefined,
    staleTime: 30_000,
    queryFn: async ({ signal }): Promise<Choice[]> => {
      const query = { fields: title === "id" ? "id" : `id,${title}`, limit: CHOICES, ...(resource && typed ? searchQuery(resource, title, typed) : {}) };
      const { data } = await client.get<Page<Record<string, unknown> & { id: number }>>(`/${resource?.name}`, query, signal);
      return data.map((row) => ({ id: row.id, label: String(row[title] ?? `#${row.id}`) }));
    },
  });

/** Searches the name of a row if that is possible, else all its texts, else by id. */
const searchQuery = (resource: Resource, title: string, typed: string): Record<string, string> => {
  const operators = resource.fields.find(({ name }) => name === title)?.operators ?? [];
  if (/^#?\d+$/.test(typed) && title === "id") return { id: typed.replace("#", "") };
  if (operators.includes("contains")) return { [`${title}.contains`]: typed };
  if (operators.includes("starts_with")) return { [`${title}.starts_with`]: typed };
  return resource.search.length > 0 ? { q: typed } : {};
};
