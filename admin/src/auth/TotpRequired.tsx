/** A role of the caller requires a second factor: until it is on, the API refuses everything else. */
import { Alert, Button, Typography } from "@mui/material";

import { Totp } from "../account/Totp";
import { useText } from "../i18n";
import { useTitle } from "../ui/Page";
import { useSession } from "./session";
import { Centered } from "./SignIn";

export const TotpRequired = () => {
  const text = useText();
  const { reload, signOut } = useSession();
  useTitle(text("auth.totp_required"));
  return (
    <Centered>
      <Typography variant="h1">{text("auth.totp_required")}</Typography>
      <Alert severity="info">{text("auth.totp_required_help")}</Alert>
      <Totp isOn={false} onDone={() => void reload()} />
      <Button onClick={() => void signOut()}>{text("app.sign_out")}</Button>
    </Centered>
  );
};
