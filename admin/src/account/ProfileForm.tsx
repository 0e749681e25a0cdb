/** The fields of the own account. A new address needs the password, and may have to be verified first. */
import { Alert, Box, Button, Chip, Stack, TextField, Typography } from "@mui/material";
import { useNotify } from "ra-core";
import { useState } from "react";

import { client } from "../api/client";
import { useText } from "../i18n";
import { ErrorAlert } from "../ui/ErrorAlert";
import { PasswordField } from "../ui/PasswordField";
import { useSubmit } from "../ui/useSubmit";
import type { Account } from "./AccountPage";

const FIELDS = ["username", "full_name", "bio", "email", "current_password"] as const;

export const ProfileForm = ({ account, reload }: { account: Account; reload: () => void }) => {
  const text = useText();
  const notify = useNotify();
  const [email, setEmail] = useState(account.email);
  const { onSubmit, isBusy, input, general } = useSubmit(async (values) => {
    const changed: Record<string, string | null> = {};
    if (values.username !== account.username) changed.username = values.username ?? "";
    if (values.full_name !== (account.full_name ?? "")) changed.full_name = values.full_name || null;
    if (values.bio !== (account.bio ?? "")) changed.bio = values.bio || null;
    if (values.email !== account.email) Object.assign(changed, { email: values.email, current_password: values.current_password });
    if (Object.keys(changed).length > 0) await client.patch("/auth/me", changed, { version: account.version });
    notify(text("form.saved"), { type: "success" });
    reload();
  });
  const refused = general([...FIELDS]);
  return (
    <Box component="form" onSubmit={onSubmit}>
      <TextField {...input("username")} label={text("account.username")} defaultValue={account.username} required autoComplete="username" />
      <TextField {...input("full_name")} label={text("account.full_name")} defaultValue={account.full_name ?? ""} autoComplete="name" />
      <TextField {...input("bio")} label={text("account.bio")} defaultValue={account.bio ?? ""} multiline minRows={3} />
      <TextField
        {...input("email", account.pending_email ? text("account.pending", { email: account.pending_email }) : undefined)}
        type="email"
        label={text("account.email")}
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        required
        autoComplete="email"
      />
      {email !== account.email && <PasswordField {...input("current_password", text("account.email_password"))} label={text("account.current_password")} autoComplete="current-password" required />}
      {account.email_verified === false && <Alert severity="info">{text("account.unverified")}</Alert>}
      <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: "center", flexWrap: "wrap", my: 1 }}>
        <Typography variant="body2">{text("users.roles")}:</Typography>
        {account.is_superuser && <Chip size="small" label={text("account.superuser")} />}
        {account.roles.map((role) => (
          <Chip key={role} size="small" label={role} variant="outlined" />
        ))}
      </Stack>
      {refused !== undefined && <ErrorAlert error={refused} />}
      <Button type="submit" variant="contained" disabled={isBusy} sx={{ mt: 1 }}>
        {text("ui.save")}
      </Button>
    </Box>
  );
};
