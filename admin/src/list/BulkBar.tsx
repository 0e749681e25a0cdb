/** What can be done with the selected rows. */
import { Button, LinearProgress, Paper, Typography } from "@mui/material";
import { useListContext, useNotify } from "ra-core";
import { useState } from "react";

import { dataProvider } from "../api/client";
import { allows, type Resource } from "../api/meta";
import { useNames, useText } from "../i18n";
import { ImpactText, useImpact } from "../trash/Impact";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { UpdateFieldDialog } from "./UpdateFieldDialog";

type Kind = "delete" | "restore" | "purge" | "update";

export const BulkBar = ({ resource, trash }: { resource: Resource; trash: boolean }) => {
  const text = useText();
  const { selectedIds, onUnselectItems, refetch } = useListContext();
  const notify = useNotify();
  const [open, setOpen] = useState<Kind>();
  const ids = selectedIds as number[];
  const kinds: Kind[] = trash ? ["restore", "purge"] : ["update", "delete"];
  const done = (kind: Kind, count: number) => {
    notify(text(`bulk.done.${kind}`, { smart_count: count }), { type: "info" });
    onUnselectItems();
    refetch();
  };
  const common = { resource, ids, onClose: () => setOpen(undefined), onDone: done };
  return (
    <Paper
      variant="outlined"
      role="region"
      aria-label={text("bulk.title")}
      sx={{ p: 1, mb: 1, display: "flex", gap: 1, alignItems: "center", flexWrap: "wrap", borderColor: "primary.main" }}
    >
      <Typography role="status" sx={{ flexGrow: 1, fontWeight: 600 }}>
        {text("bulk.selected", { smart_count: ids.length })}
      </Typography>
      {kinds
        .filter((kind) => allows(resource, kind))
        .map((kind) => (
          <Button key={kind} variant="outlined" color={kind === "delete" || kind === "purge" ? "error" : "primary"} onClick={() => setOpen(kind)}>
            {text(`bulk.${kind}`)}
          </Button>
        ))}
      <Button onClick={() => onUnselectItems()}>{text("bulk.none")}</Button>
      {open === "update" && <UpdateFieldDialog {...common} />}
      {open !== undefined && open !== "update" && <BulkDialog kind={open} {...common} />}
    </Paper>
  );
};

interface DialogProps {
  kind: "delete" | "restore" | "purge";
  resource: Resource;
  ids: number[];
  onClose: () => void;
  onDone: (kind: Kind, count: number) => void;
}

const BulkDialog = ({ kind, resource, ids, onClose, onDone }: DialogProps) => {
  const text = useText();
  const names = useNames();
  const impact = useImpact(resource.name, allows(resource, "impact") ? ids : []);
  const [progress, setProgress] = useState<number>();
  const run = async () => {
    if (kind === "delete") await dataProvider.deleteMany(resource.name, { ids });
    else {
      // There is no bulk operation for these: one request a row.
      for (const [index, id] of ids.entries()) {
        setProgress(index);
        await dataProvider[kind](resource.name, id);
      }
    }
    onDone(kind, ids.length);
  };
  return (
    <ConfirmDialog
      title={text(`bulk.ask.${kind}`, { smart_count: ids.length, name: names.resource(resource.name).toLowerCase() })}
      confirm={text(`bulk.${kind}`)}
      isDanger={kind !== "restore"}
      isReady={!impact.isPending}
      onConfirm={run}
      onClose={onClose}
    >
      {allows(resource, "impact") && <ImpactText action={kind} impact={impact} />}
      {kind === "purge" && <Typography>{text("trash.purge_warning")}</Typography>}
      {progress !== undefined && <LinearProgress variant="determinate" value={(100 * progress) / ids.length} aria-label={text("ui.loading")} />}
    </ConfirmDialog>
  );
};
