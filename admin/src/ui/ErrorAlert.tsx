/** Says what the server refused, and what to do next. */
import { Alert, Typography } from "@mui/material";
import { ApiError } from "atoll-react-admin";

import { useText } from "../i18n";

export const ErrorAlert = ({ error }: { error: unknown }) => {
  const text = useText();
  const message = error instanceof Error ? error.message : String(error);
  const refusals = error instanceof ApiError ? (error.problem.errors ?? []).filter(({ detail }) => detail !== message) : [];
  return (
    <Alert severity="error">
      {message}
      {refusals.length > 0 && (
        <ul style={{ margin: 0, paddingLeft: "1.2em" }}>
          {refusals.map(({ pointer, parameter, detail }, index) => (
            <li key={index}>
              {(pointer || parameter) && <code>{pointer ?? parameter}</code>} {detail}
            </li>
          ))}
        </ul>
      )}
      {error instanceof ApiError && error.status === 403 && <Typography variant="body2">{text("ui.forbidden_hint")}</Typography>}
      {error instanceof ApiError && error.problem.request_id && (
        <Typography variant="body2">{text("ui.request_id", { id: error.problem.request_id })}</Typography>
      )}
    </Alert>
  );
};
