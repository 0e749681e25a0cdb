/** Changes a row, or only shows it where the caller may not change it. */
import DeleteIcon from "@mui/icons-material/DeleteOutline";
import { Button, Typography } from "@mui/material";
import { ApiError } from "atoll-react-admin";
import { useNotify } from "ra-core";
import { useState } from "react";

import { client } from "../api/client";
import { allows, allowsRow } from "../api/meta";
import { useCaller } from "../app/meta";
import { formatTime } from "../fields/time";
import { useText } from "../i18n";
import { nameOf, type Row } from "../list/Rows";
import { ImpactText, useImpact } from "../trash/Impact";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { ConflictDialog } from "./ConflictDialog";
import { Details } from "./Details";
import { RowForm } from "./RowForm";
import type { TabProps } from "./RowPage";
import { useLeave } from "./useRow";
import type { Values } from "./values";

export const EditTab = ({ resource, row, changed }: TabProps) => {
  const text = useText();
  const notify = useNotify();
  const caller = useCaller();
  const [mine, setMine] = useState<Values>();
  const canUpdate = !row.deleted_at && allowsRow(resource, "update", row, caller);
  if (!canUpdate) return <Details resource={resource} row={row} />;

  const send = async (data: Values, version: number | undefined) => {
    const saved = await client.patch<Row>(`/${resource.name}/${row.id}`, data, version === undefined ? {} : { version });
    notify(text("form.saved"), { type: "success" });
    await changed(saved);
  };
  const save = async (data: Values) => {
    if (Object.keys(data).length === 0) {
      notify(text("form.unchanged"), { type: "info" });
      return;
    }
    try {
      await send(data, row.version);
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) setMine(data);
      throw error;
    }
  };
  return (
    <>
      <RowForm resource={resource} mode="update" row={row} onSave={save} actions={<DeleteButton {...{ resource, row, changed }} />} />
      <Stamps row={row} />
      {mine && <ConflictDialog resource={resource} row={row} mine={mine} send={send} changed={changed} onClose={() => setMine(undefined)} />}
    </>
  );
};

const Stamps = ({ row }: { row: Row }) => {
  const text = useText();
  const time = (name: string) => (typeof row[name] === "string" ? formatTime(row[name]) : "–");
  return (
    <Typography variant="body2" color="text.secondary" sx={{ mt: 2 }}>
      {text("row.stamps", { id: row.id, version: row.version ?? "–", created: time("created_at"), updated: time("updated_at") })}
    </Typography>
  );
};

const DeleteButton = ({ resource, row }: TabProps) => {
  const text = useText();
  const caller = useCaller();
  const [isOpen, setIsOpen] = useState(false);
  if (!allowsRow(resource, "delete", row, caller)) return null;
  return (
    <>
      <Button color="error" startIcon={<DeleteIcon />} onClick={() => setIsOpen(true)}>
        {text("row.delete")}
      </Button>
      {isOpen && <DeleteDialog resource={resource} row={row} onClose={() => setIsOpen(false)} />}
    </>
  );
};

const DeleteDialog = ({ resource, row, onClose }: Pick<TabProps, "resource" | "row"> & { onClose: () => void }) => {
  const text = useText();
  const notify = useNotify();
  const leave = useLeave(resource, row.id);
  const hasImpact = allows(resource, "impact");
  const impact = useImpact(resource.name, hasImpact ? [row.id] : []);
  const remove = async () => {
    await client.delete(`/${resource.name}/${row.id}`, row.version === undefined ? {} : { version: row.version });
    notify(text(resource.soft_delete ? "row.deleted" : "row.deleted_for_good"), { type: "success" });
    // The dialog closes first.
    setTimeout(leave);
  };
  return (
    <ConfirmDialog title={text("row.delete_ask", { name: nameOf(resource, row) })} confirm={text("row.delete")} isDanger isReady={!impact.isPending} onConfirm={remove} onClose={onClose}>
      {hasImpact && <ImpactText action="delete" impact={impact} />}
      {resource.soft_delete && <span>{text("row.delete_help")}</span>}
    </ConfirmDialog>
  );
};
