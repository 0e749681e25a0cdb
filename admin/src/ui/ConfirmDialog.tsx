/** Asks before something is done, does it, and shows why it failed. */
import { Button, Dialog, DialogActions, DialogContent, DialogTitle } from "@mui/material";
import { useId, useState, type ReactNode } from "react";

import { useText } from "../i18n";
import { ErrorAlert } from "./ErrorAlert";

interface ConfirmProps {
  title: string;
  children?: ReactNode;
  confirm: string;
  isDanger?: boolean;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  /** Is false while what the caller should know is being read. */
  isReady?: boolean;
}

export const ConfirmDialog = ({ title, children, confirm, isDanger = false, onConfirm, onClose, isReady = true }: ConfirmProps) => {
  const text = useText();
  const id = useId();
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const run = async () => {
    setIsBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      setError(failure);
      setIsBusy(false);
    }
  };
  return (
    <Dialog open onClose={isBusy ? undefined : onClose} aria-labelledby={id} fullWidth maxWidth="sm">
      <DialogTitle id={id}>{title}</DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2 }}>
        {children}
        {error !== undefined && <ErrorAlert error={error} />}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose} disabled={isBusy} autoFocus>
          {text("ui.cancel")}
        </Button>
        <Button onClick={run} disabled={isBusy || !isReady} variant="contained" color={isDanger ? "error" : "primary"}>
          {confirm}
        </Button>
      </DialogActions>
    </Dialog>
  );
};
