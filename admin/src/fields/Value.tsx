/** A value as a person reads it. */
import CheckIcon from "@mui/icons-material/Check";
import CloseIcon from "@mui/icons-material/Close";
import { Box, Chip, Typography } from "@mui/material";
import { visuallyHidden } from "@mui/utils";

import type { Field } from "../api/meta";
import { useText } from "../i18n";
import { Reference } from "./Reference";
import { formatTime } from "./time";

interface ValueProps {
  field: Field;
  value: unknown;
  /** In a table: one line, and no links beside that of the row. */
  isShort?: boolean;
}

export const Value = ({ field, value, isShort = false }: ValueProps) => {
  const text = useText();
  if (value === null || value === undefined || value === "")
    return (
      <Typography component="span" variant="inherit" sx={{ color: "text.secondary" }}>
        <span aria-hidden="true">–</span>
        <Box component="span" sx={visuallyHidden}>
          {text("fields.empty")}
        </Box>
      </Typography>
    );
  if (field.references) return <Reference resource={field.references.resource} id={value as number} isLink={!isShort} />;
  switch (field.type) {
    case "boolean":
      return value ? (
        <CheckIcon fontSize="small" titleAccess={text("fields.yes")} sx={{ color: "success.main", verticalAlign: "middle" }} />
      ) : (
        <CloseIcon fontSize="small" titleAccess={text("fields.no")} sx={{ color: "text.secondary", verticalAlign: "middle" }} />
      );
    case "datetime":
      return (
        <Box component="time" dateTime={String(value)} sx={{ whiteSpace: isShort ? "nowrap" : "normal" }}>
          {formatTime(String(value))}
        </Box>
      );
    case "enum":
      return <Chip size="small" variant="outlined" label={String(value)} />;
    case "list":
      return (
        <Box component="span" sx={{ display: "inline-flex", flexWrap: "wrap", gap: 0.5 }}>
          {shortened(value as unknown[], isShort).map((item) => (
            <Chip key={String(item)} size="small" variant="outlined" label={String(item)} />
          ))}
        </Box>
      );
    case "json":
      return isShort ? (
        <code>{clipped(JSON.stringify(value))}</code>
      ) : (
        <Box component="pre" sx={{ m: 0, whiteSpace: "pre-wrap", overflowWrap: "anywhere", fontSize: "0.8125rem" }}>
          {JSON.stringify(value, null, 2)}
        </Box>
      );
    default:
      return isShort ? (
        <>{clipped(String(value))}</>
      ) : (
        <Box component="span" sx={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {String(value)}
        </Box>
      );
  }
};

const clipped = (value: string) => (value.length > 90 ? `${value.slice(0, 88)}…` : value);

const SHOWN = 3;

const shortened = (values: unknown[], isShort: boolean) =>
  isShort && values.length > SHOWN ? [...values.slice(0, SHOWN), `+${values.length - SHOWN}`] : values;
