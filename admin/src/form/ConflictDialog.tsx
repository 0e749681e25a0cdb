/** Someone saved a newer version of the row: shows both, field by field, and lets one choose. */
import { Alert, Button, Dialog, DialogActions, DialogContent, DialogTitle, FormControlLabel, LinearProgress, Paper, Radio, RadioGroup, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { ApiError } from "atoll-react-admin";
import { useId, useState } from "react";

import { fieldOf, type Field, type Resource } from "../api/meta";
import { Value } from "../fields/Value";
import { useNames, useText } from "../i18n";
import type { Row } from "../list/Rows";
import { ErrorAlert } from "../ui/ErrorAlert";
import type { TabProps } from "./RowPage";
import { readRow } from "./useRow";
import { isSame, type Values } from "./values";

interface ConflictProps {
  resource: Resource;
  /** The version that was edited. */
  row: Row;
  /** What the caller changed of it. */
  mine: Values;
  send: (data: Values, version: number | undefined) => Promise<void>;
  changed: TabProps["changed"];
  onClose: () => void;
}

type Choice = "mine" | "theirs";

export const ConflictDialog = ({ resource, row, mine, send, changed, onClose }: ConflictProps) => {
  const text = useText();
  const id = useId();
  const [choices, setChoices] = useState<Record<string, Choice>>({});
  const [error, setError] = useState<unknown>();
  const { data: theirs, error: unread, refetch } = useQuery({ queryKey: ["conflict", resource.name, row.id, row.version], gcTime: 0, queryFn: () => readRow(resource, row.id) });
  const fields = Object.keys(mine).filter((name) => !isSame(mine[name], theirs?.[name]));
  const alsoChanged = resource.fields.filter(({ name, update }) => update && theirs && !(name in mine) && !isSame(theirs[name], row[name]));

  const save = async () => {
    setError(undefined);
    const data = Object.fromEntries(fields.filter((name) => choices[name] !== "theirs").map((name) => [name, mine[name]]));
    try {
      if (Object.keys(data).length > 0) await send(data, theirs?.version);
      else await changed(theirs);
      onClose();
    } catch (failure) {
      setError(failure);
      // Once more: the dialog shows the version that came in between.
      if (failure instanceof ApiError && failure.status === 412) await refetch();
    }
  };
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="md">
      <DialogTitle id={id}>{text("conflict.title")}</DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2 }}>
        <Typography>{text("conflict.help")}</Typography>
        {!theirs && !unread && <LinearProgress aria-label={text("ui.loading")} />}
        {(unread ?? error) !== undefined && (unread ?? error) !== null ? <ErrorAlert error={unread ?? error} /> : null}
        {theirs?.deleted_at && <Alert severity="warning">{text("conflict.deleted")}</Alert>}
        {theirs && fields.map((name) => (
          <FieldChoice
            key={name}
            field={fieldOf(resource, name)!}
            mine={mine[name]}
            theirs={theirs[name]}
            choice={choices[name] ?? "mine"}
            onChoose={(choice) => setChoices({ ...choices, [name]: choice })}
          />
        ))}
        {theirs && fields.length === 0 && <Alert severity="info">{text("conflict.same")}</Alert>}
        {alsoChanged.length > 0 && <AlsoChanged fields={alsoChanged} />}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>{text("conflict.back")}</Button>
        <Button variant="contained" onClick={save} disabled={!theirs || Boolean(theirs.deleted_at)} autoFocus>
          {text("conflict.save")}
        </Button>
      </DialogActions>
    </Dialog>
  );
};

interface ChoiceProps {
  field: Field;
  mine: unknown;
  theirs: unknown;
  choice: Choice;
  onChoose: (choice: Choice) => void;
}

const FieldChoice = ({ field, mine, theirs, choice, onChoose }: ChoiceProps) => {
  const text = useText();
  const names = useNames();
  const label = names.field(field.name);
  const side = (name: Choice, value: unknown) => (
    <Paper variant="outlined" sx={{ p: 1.5, borderColor: choice === name ? "primary.main" : "divider", minWidth: 0 }}>
      <FormControlLabel value={name} control={<Radio size="small" />} label={text(`conflict.${name}`)} />
      <div>
        <Value field={field} value={value} />
      </div>
    </Paper>
  );
  return (
    <div>
      <Typography variant="h3" sx={{ mb: 0.5 }}>
        {label}
      </Typography>
      <RadioGroup
        aria-label={label}
        value={choice}
        onChange={(_, value) => onChoose(value as Choice)}
        sx={{ display: "grid", gridTemplateColumns: { xs: "1fr", sm: "1fr 1fr" }, gap: 1 }}
      >
        {side("mine", mine)}
        {side("theirs", theirs)}
      </RadioGroup>
    </div>
  );
};

const AlsoChanged = ({ fields }: { fields: Field[] }) => {
  const text = useText();
  const names = useNames();
  const list = new Intl.ListFormat("en").format(fields.map(({ name }) => names.field(name)));
  return <Alert severity="info">{text("conflict.also", { fields: list })}</Alert>;
};
