/** Signs in with a password, and with a code where the second factor is on. */
import { Alert, Box, Button, Card, Link, Stack, TextField, Typography } from "@mui/material";
import { ApiError } from "atoll-react-admin";
import { useRef, useState, type FormEvent } from "react";

import { client, type Schemas } from "../api/client";
import { useText } from "../i18n";
import { ErrorAlert } from "../ui/ErrorAlert";
import { PasswordField } from "../ui/PasswordField";
import { useTitle } from "../ui/Page";
import { useSession, type Notice } from "./session";

export const SignIn = ({ notice }: { notice?: Notice | undefined }) => {
  const text = useText();
  useTitle(text("auth.title"));
  return (
    <Centered>
      <Typography variant="h1">{text("auth.title")}</Typography>
      {notice === "no_cookie" ? <NoCookie /> : notice && <Alert severity="info">{text(`auth.notice.${notice}`)}</Alert>}
      <SignInForm />
    </Centered>
  );
};

export const Centered = ({ children }: { children: React.ReactNode }) => (
  <Box component="main" sx={{ minHeight: "100vh", display: "grid", placeItems: "start center", pt: { xs: 3, sm: 12 }, px: 2, pb: 4, bgcolor: "background.default" }}>
    <Card variant="outlined" sx={{ width: "100%", maxWidth: 420, p: { xs: 2, sm: 3 } }}>
      <Stack spacing={2}>{children}</Stack>
    </Card>
  </Box>
);

const SignInForm = () => {
  const text = useText();
  const { reload } = useSession();
  const [needsCode, setNeedsCode] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const codeInput = useRef<HTMLInputElement>(null);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    setIsBusy(true);
    setError(undefined);
    try {
      const { csrf_token } = await client.post<Schemas["CookieSignIn"]>("/auth/cookie", values, { anonymous: true });
      client.setCsrfToken(csrf_token);
      await reload("no_cookie");
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      const asksForCode = failure.has("otp_required");
      if (asksForCode) setNeedsCode(true);
      setError(asksForCode ? undefined : failure);
      setIsBusy(false);
      if (asksForCode || failure.has("otp_wrong")) setTimeout(() => codeInput.current?.focus());
    }
  };

  return (
    <Stack component="form" spacing={1} onSubmit={submit}>
      {needsCode && !error && <Alert severity="info">{text("auth.code_needed")}</Alert>}
      {error && <ErrorAlert error={error} />}
      <TextField name="login" label={text("auth.login")} autoComplete="username" required autoFocus slotProps={{ htmlInput: { autoCapitalize: "none", spellCheck: false } }} />
      <PasswordField name="password" label={text("auth.password")} autoComplete="current-password" required />
      {needsCode && (
        <TextField name="otp" label={text("auth.code")} helperText={text("auth.code_help")} autoComplete="one-time-code" inputRef={codeInput} required />
      )}
      <Button type="submit" variant="contained" size="large" disabled={isBusy}>
        {text(isBusy ? "auth.busy" : "auth.submit")}
      </Button>
      <Typography variant="body2">
        <Link href="/account/forgot">{text("auth.forgot")}</Link>
      </Typography>
    </Stack>
  );
};

/** Browsers drop cookies with `Secure` on plain http outside localhost; Safari drops them there too. */
const NoCookie = () => {
  const text = useText();
  const isPlain = window.location.protocol === "http:";
  return (
    <Alert severity="error">
      <Typography variant="body2" sx={{ fontWeight: 650 }}>
        {text("auth.no_cookie.title")}
      </Typography>
      {text(isPlain ? "auth.no_cookie.plain" : "auth.no_cookie.blocked", { host: window.location.host })}
    </Alert>
  );
};
