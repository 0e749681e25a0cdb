/** Says that a row is deleted, and restores or purges it. */
import { Alert, Button, Stack, Typography } from "@mui/material";
import { useNotify } from "ra-core";
import { useMemo, useState } from "react";

import { dataProvider } from "../api/client";
import { allows, allowsRow } from "../api/meta";
import { useCaller } from "../app/meta";
import { formatTime } from "../fields/time";
import type { TabProps } from "../form/RowPage";
import { useLeave } from "../form/useRow";
import { useText } from "../i18n";
import { nameOf } from "../list/Rows";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { DeletedBy, useDeletions } from "./deletions";
import { ImpactText, useImpact } from "./Impact";

type Kind = "restore" | "purge";

export const DeletedBanner = (props: TabProps) => {
  const { resource, row } = props;
  const text = useText();
  const caller = useCaller();
  const [open, setOpen] = useState<Kind>();
  const rows = useMemo(() => [row], [row]);
  const deletions = useDeletions(resource, rows, true);
  return (
    <Alert
      severity="warning"
      sx={{ mb: 2, flexWrap: "wrap" }}
      action={
        <Stack direction="row" spacing={1}>
          {(["restore", "purge"] as const)
            .filter((kind) => allowsRow(resource, kind, row, caller))
            .map((kind) => (
              <Button key={kind} color="inherit" onClick={() => setOpen(kind)}>
                {text(`bulk.${kind}`)}
              </Button>
            ))}
        </Stack>
      }
    >
      {text("trash.banner", { time: formatTime(row.deleted_at ?? "") })} {text("trash.deleted_by")}: <DeletedBy deletion={deletions[row.id]} />
      {open && <RowDialog kind={open} onClose={() => setOpen(undefined)} {...props} />}
    </Alert>
  );
};

const RowDialog = ({ kind, resource, row, changed, onClose }: TabProps & { kind: Kind; onClose: () => void }) => {
  const text = useText();
  const notify = useNotify();
  const leave = useLeave(resource, row.id);
  const hasImpact = allows(resource, "impact");
  const impact = useImpact(resource.name, hasImpact ? [row.id] : []);
  const run = async () => {
    await dataProvider[kind](resource.name, row.id);
    notify(text(`bulk.done.${kind}`, { smart_count: 1 }), { type: "success" });
    if (kind === "restore") await changed();
    else setTimeout(leave);
  };
  return (
    <ConfirmDialog
      title={text(`trash.ask_${kind}`, { name: nameOf(resource, row) })}
      confirm={text(`bulk.${kind}`)}
      isDanger={kind === "purge"}
      isReady={!impact.isPending}
      onConfirm={run}
      onClose={onClose}
    >
      {hasImpact && <ImpactText action={kind} impact={impact} />}
      {kind === "purge" && <Typography>{text("trash.purge_warning")}</Typography>}
    </ConfirmDialog>
  );
};
