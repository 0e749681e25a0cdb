/** What an entry of the history changed, field by field. */
import { Box, Typography } from "@mui/material";

import { fieldOf, type Field, type Resource } from "../api/meta";
import { Value } from "../fields/Value";
import { useNames, useText } from "../i18n";
import { diff } from "./diff";

interface Change {
  from?: unknown;
  to?: unknown;
}

export const Changes = ({ resource, changes }: { resource: Resource | undefined; changes: Record<string, unknown> | null }) => {
  const text = useText();
  const names = useNames();
  if (changes === null) return <Typography color="text.secondary">{text("history.erased")}</Typography>;
  const entries = Object.entries(changes as Record<string, Change>);
  if (entries.length === 0) return null;
  return (
    <Box component="dl" sx={{ m: 0, mt: 1, display: "grid", gridTemplateColumns: { xs: "1fr", sm: "140px 1fr" }, columnGap: 2, rowGap: 0.5 }}>
      {entries.map(([name, change]) => (
        <Box key={name} sx={{ display: "contents" }}>
          <Typography component="dt" variant="body2" sx={{ color: "text.secondary" }}>
            {names.field(name)}
          </Typography>
          <Typography component="dd" variant="body2" sx={{ m: 0, overflowWrap: "anywhere", minWidth: 0 }}>
            <ChangedValue field={resource && fieldOf(resource, name)} {...change} />
          </Typography>
        </Box>
      ))}
    </Box>
  );
};

/** Values of unknown fields, such as those of a column that has been dropped, are shown as they are. */
const TEXT: Pick<Field, "type" | "nullable"> = { type: "json", nullable: true };

const ChangedValue = ({ field, from, to }: Change & { field: Field | undefined }) => {
  const text = useText();
  const shown = field ?? ({ ...TEXT, name: "" } as Field);
  if (typeof from === "string" && typeof to === "string" && (field === undefined || field.type === "text")) return <TextDiff from={from} to={to} />;
  const isNew = from === undefined || from === null;
  return (
    <>
      {!isNew && (
        <Removed>
          <Value field={known(shown, from)} value={from} />
        </Removed>
      )}
      {!isNew && <span aria-hidden="true"> → </span>}
      {to === undefined || to === null ? isNew ? null : <span>{text("fields.empty")}</span> : <Added><Value field={known(shown, to)} value={to} /></Added>}
    </>
  );
};

const known = (field: Field, value: unknown): Field => (field.type === "json" && typeof value === "string" ? { ...field, type: "text" } : field);

const TextDiff = ({ from, to }: { from: string; to: string }) => (
  <Box component="span" sx={{ whiteSpace: "pre-wrap" }}>
    {diff(from, to).map(({ kind, text }, index) =>
      kind === "same" ? <span key={index}>{shorten(text)}</span> : kind === "removed" ? <Removed key={index}>{text}</Removed> : <Added key={index}>{text}</Added>,
    )}
  </Box>
);

const CONTEXT = 120;

/** A long stretch without changes is cut in the middle. */
const shorten = (text: string) => (text.length > 3 * CONTEXT ? `${text.slice(0, CONTEXT)}\n[…]\n${text.slice(-CONTEXT)}` : text);

const Removed = ({ children }: { children: React.ReactNode }) => (
  <Box component="del" sx={{ bgcolor: (theme) => (theme.palette.mode === "dark" ? "#4a1512" : "#fde2df"), color: "text.primary" }}>
    {children}
  </Box>
);

const Added = ({ children }: { children: React.ReactNode }) => (
  <Box component="ins" sx={{ textDecoration: "none", bgcolor: (theme) => (theme.palette.mode === "dark" ? "#0f3d22" : "#d8f3e0"), color: "text.primary" }}>
    {children}
  </Box>
);
