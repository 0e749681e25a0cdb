/** Changes the own password. All other sessions end. */
import { Box, Button, Typography } from "@mui/material";
import { useNotify } from "ra-core";

import { client } from "../api/client";
import { useText } from "../i18n";
import { ErrorAlert } from "../ui/ErrorAlert";
import { PasswordField } from "../ui/PasswordField";
import { useSubmit } from "../ui/useSubmit";

export const PasswordForm = () => {
  const text = useText();
  const notify = useNotify();
  const { onSubmit, isBusy, input, general } = useSubmit(async (values, form) => {
    await client.post("/auth/password", values);
    form.reset();
    notify(text("account.password_changed"), { type: "success" });
  });
  const refused = general(["current_password", "new_password"]);
  return (
    <Box component="form" onSubmit={onSubmit}>
      <Typography sx={{ mb: 1 }}>{text("account.password_help")}</Typography>
      <PasswordField {...input("current_password")} label={text("account.current_password")} autoComplete="current-password" required />
      <PasswordField {...input("new_password", text("account.new_password_help"))} label={text("account.new_password")} autoComplete="new-password" required />
      {refused !== undefined && <ErrorAlert error={refused} />}
      <Button type="submit" variant="contained" disabled={isBusy} sx={{ mt: 1 }}>
        {text("account.change_password")}
      </Button>
    </Box>
  );
};
