/** Asks the server whether a user may send a request, and shows the reason. */
import { Alert, Button, MenuItem, Stack, TextField, Typography } from "@mui/material";
import { useState, type FormEvent } from "react";

import { client, type Schemas } from "../api/client";
import { useHolds, useMeta } from "../app/meta";
import { useText } from "../i18n";
import { ErrorAlert } from "../ui/ErrorAlert";

type Explanation = Schemas["AccessExplanation"];

const METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"];

export const Explain = ({ userId }: { userId: number | null }) => {
  const text = useText();
  const { resources } = useMeta();
  const canAsk = useHolds("system.read");
  const [answer, setAnswer] = useState<Explanation>();
  const [error, setError] = useState<unknown>();
  if (!canAsk) return <Alert severity="info">{text("explain.forbidden")}</Alert>;

  const ask = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { method, path } = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    setAnswer(undefined);
    setError(undefined);
    try {
      setAnswer(await client.get<Explanation>("/auth/explain", { method, path, user_id: userId }));
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <Stack spacing={2}>
      <Stack component="form" direction={{ xs: "column", sm: "row" }} spacing={1} onSubmit={ask} sx={{ alignItems: { sm: "center" } }}>
        <TextField select name="method" label={text("explain.method")} defaultValue="PATCH" sx={{ width: { sm: 130 } }}>
          {METHODS.map((method) => (
            <MenuItem key={method} value={method}>
              {method}
            </MenuItem>
          ))}
        </TextField>
        <TextField name="path" label={text("explain.path")} defaultValue={`${resources[0]?.path ?? "/api/v1/posts"}/1`} required />
        <Button type="submit" variant="contained">
          {text("explain.ask")}
        </Button>
      </Stack>
      {error !== undefined && <ErrorAlert error={error} />}
      <div role="status">{answer && <Answer answer={answer} />}</div>
    </Stack>
  );
};

const Answer = ({ answer: { allowed, status, reason, held, missing } }: { answer: Explanation }) => {
  const text = useText();
  const list = (title: string, sources: Explanation["held"]) =>
    sources.length > 0 && (
      <>
        <Typography variant="h3" sx={{ mt: 1 }}>
          {title}
        </Typography>
        <ul>
          {sources.map(({ permission, roles }) => (
            <li key={permission}>
              <code>{permission}</code> {roles.length > 0 ? text("explain.from", { roles: roles.join(", ") }) : text("explain.no_role")}
            </li>
          ))}
        </ul>
      </>
    );
  return (
    <Alert severity={allowed ? "success" : "warning"}>
      <Typography sx={{ fontWeight: 650 }}>{allowed ? text("explain.allowed") : text("explain.refused", { status: status ?? 403 })}</Typography>
      {reason}
      {list(text("explain.held"), held)}
      {list(text("explain.missing"), missing)}
    </Alert>
  );
};
