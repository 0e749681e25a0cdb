/** Says that the server does not answer, and tries again. */
import { Alert, Button, Typography } from "@mui/material";

import { useText } from "../i18n";
import { useTitle } from "../ui/Page";
import { useSession } from "./session";
import { Centered } from "./SignIn";

export const Unreachable = ({ message }: { message: string }) => {
  const text = useText();
  const { reload } = useSession();
  useTitle(text("auth.unreachable"));
  return (
    <Centered>
      <Typography variant="h1">{text("auth.unreachable")}</Typography>
      <Alert severity="error">{message}</Alert>
      <Button variant="contained" onClick={() => void reload()}>
        {text("ui.try_again")}
      </Button>
    </Centered>
  );
};
