/** Says on every page that the server refuses changes, why, and what ends that. */
import { Alert, AlertTitle, Box } from "@mui/material";
import { useQuery } from "@tanstack/react-query";

import { isReadOnly, READINESS_KEY, readSystem, SYSTEM_KEY } from "../api/system";
import { useText } from "../i18n";
import { useHolds } from "./meta";

/** The milliseconds after which the server is asked again: the mode may change at any time. */
const PERIOD = 15_000;

export const ReadOnlyNotice = () => {
  const text = useText();
  const readsSystem = useHolds("system.read");
  const { data: refuses } = useQuery({ queryKey: READINESS_KEY, queryFn: isReadOnly, refetchInterval: PERIOD });
  // The dashboard shares the answer.
  const { data: system } = useQuery({ queryKey: SYSTEM_KEY, queryFn: readSystem, enabled: refuses === true && readsSystem, refetchInterval: PERIOD });
  if (!refuses) return null;
  const reasons = system?.mode?.reasons ?? [];
  return (
    <Alert severity="warning" sx={{ mb: 2 }}>
      <AlertTitle>{text("read_only.title")}</AlertTitle>
      {text("read_only.about")}
      {reasons.map(({ code, detail, advice }) => (
        <Box key={code} sx={{ mt: 1 }}>
          {text("read_only.reason", { detail, advice })}
        </Box>
      ))}
      {reasons.length === 0 && <Box sx={{ mt: 1 }}>{text("read_only.ask")}</Box>}
    </Alert>
  );
};
