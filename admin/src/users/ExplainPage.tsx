/** Why a user, or a visitor, may send a request. */
import { Paper } from "@mui/material";
import { useState } from "react";

import { ReferencePicker } from "../fields/ReferencePicker";
import { useText } from "../i18n";
import { Page } from "../ui/Page";
import { Explain } from "./Explain";

export const ExplainPage = () => {
  const text = useText();
  const [userId, setUserId] = useState<number | null>(null);
  return (
    <Page title={text("explain.title")} narrow>
      <Paper variant="outlined" sx={{ p: { xs: 2, sm: 3 } }}>
        <ReferencePicker resource="users" label={text("explain.user")} value={userId} onChange={setUserId} helperText={text("explain.visitor")} />
        <Explain userId={userId} />
      </Paper>
    </Page>
  );
};
