/** A text to copy, such as a secret that is shown only once. */
import { Button, Stack, TextField } from "@mui/material";
import { useRef, useState } from "react";

import { useText } from "../i18n";

export const CopyField = ({ label, value }: { label: string; value: string }) => {
  const text = useText();
  const [isCopied, setIsCopied] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const copy = async () => {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setIsCopied(true);
    } catch {
      // On plain http there is no clipboard: the selected text can be copied by hand.
      setIsCopied(document.execCommand("copy"));
    }
  };
  return (
    <Stack direction="row" spacing={1} sx={{ alignItems: "center" }}>
      <TextField label={label} value={value} inputRef={input} slotProps={{ htmlInput: { readOnly: true, style: { fontFamily: "monospace" } } }} />
      <Button variant="outlined" onClick={() => void copy()} sx={{ flexShrink: 0 }}>
        {text(isCopied ? "ui.copied" : "ui.copy")}
      </Button>
    </Stack>
  );
};
