/** Keys that work on each page. They can be turned off (WCAG 2.1.4), because speech input may press them by accident. */
import { Button, Dialog, DialogActions, DialogContent, DialogTitle, FormControlLabel, Switch, Table, TableBody, TableCell, TableRow } from "@mui/material";
import { useStore } from "ra-core";
import { useEffect, useState } from "react";

import { useText, type TextKey } from "../i18n";

const KEYS: { key: string; text: TextKey }[] = [
  { key: "?", text: "shortcuts.help" },
  { key: "/", text: "shortcuts.search" },
  { key: "j", text: "shortcuts.next" },
  { key: "k", text: "shortcuts.previous" },
  { key: "Enter", text: "shortcuts.open" },
  { key: "x", text: "shortcuts.select" },
  { key: "n", text: "shortcuts.create" },
];

/** Marks of the elements that the keys lead to. */
export const SEARCH = { "data-shortcut": "search" };
export const CREATE = { "data-shortcut": "create" };
export const ROW = { "data-shortcut": "row" };

const all = (name: string) => [...document.querySelectorAll<HTMLElement>(`[data-shortcut="${name}"]`)];

const focusRow = (step: number) => {
  const rows = all("row");
  const current = rows.findIndex((row) => row === document.activeElement || row.closest("[data-row]")?.contains(document.activeElement));
  const next = current < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(current + step, 0), rows.length - 1);
  rows[next]?.focus();
};

const selectRow = () => document.activeElement?.closest("[data-row]")?.querySelector<HTMLElement>("input[type=checkbox]")?.click();

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.role === "combobox") && (target as HTMLInputElement).type !== "checkbox";

export const useShortcuts = () => {
  const [isOpen, setIsOpen] = useState(false);
  const [isOn, setIsOn] = useStore("shortcuts", true);
  const open = () => setIsOpen(true);
  useEffect(() => {
    const actions: Record<string, () => void> = {
      "?": () => setIsOpen(true),
      "/": () => all("search")[0]?.focus(),
      j: () => focusRow(1),
      k: () => focusRow(-1),
      x: selectRow,
      n: () => all("create")[0]?.click(),
    };
    const onKey = (event: KeyboardEvent) => {
      const hasDialog = document.querySelector("[role=dialog], [role=menu], [role=listbox]") !== null;
      if (!isOn || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || hasDialog) return;
      const action = actions[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [isOn]);
  return { isOpen, open, close: () => setIsOpen(false), isOn, setIsOn };
};

type ShortcutsProps = ReturnType<typeof useShortcuts>;

export const Shortcuts = ({ isOpen, close, isOn, setIsOn }: ShortcutsProps) => {
  const text = useText();
  return (
    <Dialog open={isOpen} onClose={close} aria-labelledby="shortcuts-title">
      <DialogTitle id="shortcuts-title">{text("shortcuts.title")}</DialogTitle>
      <DialogContent>
        <Table size="small">
          <TableBody>
            {KEYS.map(({ key, text: name }) => (
              <TableRow key={key}>
                <TableCell component="th" scope="row">
                  <kbd>{key}</kbd>
                </TableCell>
                <TableCell>{text(name)}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
        <FormControlLabel sx={{ mt: 1 }} control={<Switch checked={isOn} onChange={(_, checked) => setIsOn(checked)} />} label={text("shortcuts.on")} />
      </DialogContent>
      <DialogActions>
        <Button onClick={close} autoFocus>
          {text("ui.close")}
        </Button>
      </DialogActions>
    </Dialog>
  );
};
