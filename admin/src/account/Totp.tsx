/** Enables and disables the second factor of the caller. */
import { Alert, Box, Button, Stack, TextField, Typography } from "@mui/material";
import { useState } from "react";

import { client, type Schemas } from "../api/client";
import { useText } from "../i18n";
import { CopyField } from "../ui/CopyField";
import { ErrorAlert } from "../ui/ErrorAlert";
import { PasswordField } from "../ui/PasswordField";
import { useSubmit } from "../ui/useSubmit";
import { QrCode } from "./QrCode";

type Enrolment = Schemas["TotpEnrolment"];

export const Totp = ({ isOn, onDone }: { isOn: boolean; onDone: () => void }) => {
  const [enrolment, setEnrolment] = useState<Enrolment>();
  const [codes, setCodes] = useState<string[]>();
  const finish = () => {
    setCodes(undefined);
    setEnrolment(undefined);
    onDone();
  };
  if (codes) return <RecoveryCodes codes={codes} onDone={finish} />;
  if (isOn) return <Disable onDone={onDone} />;
  return enrolment ? <Confirm enrolment={enrolment} onConfirmed={setCodes} /> : <Start onStarted={setEnrolment} />;
};

const Start = ({ onStarted }: { onStarted: (enrolment: Enrolment) => void }) => {
  const text = useText();
  const { onSubmit, isBusy, input, general } = useSubmit(async (values) => onStarted(await client.post<Enrolment>("/auth/totp", values)));
  const refused = general(["current_password"]);
  return (
    <Box component="form" onSubmit={onSubmit}>
      <Typography sx={{ mb: 1 }}>{text("totp.help")}</Typography>
      <PasswordField {...input("current_password")} label={text("account.current_password")} autoComplete="current-password" required />
      {refused !== undefined && <ErrorAlert error={refused} />}
      <Button type="submit" variant="contained" disabled={isBusy} sx={{ mt: 1 }}>
        {text("totp.start")}
      </Button>
    </Box>
  );
};

const Confirm = ({ enrolment, onConfirmed }: { enrolment: Enrolment; onConfirmed: (codes: string[]) => void }) => {
  const text = useText();
  const { onSubmit, isBusy, input, general } = useSubmit(async (values) => {
    const { recovery_codes } = await client.post<Schemas["RecoveryCodes"]>("/auth/totp/confirm", values);
    onConfirmed(recovery_codes);
  });
  const refused = general(["otp"]);
  return (
    <Stack component="form" spacing={2} onSubmit={onSubmit}>
      <Typography>{text("totp.scan")}</Typography>
      <QrCode text={enrolment.uri} label={text("totp.qr")} />
      <CopyField label={text("totp.secret")} value={enrolment.secret} />
      <TextField {...input("otp")} label={text("totp.code")} autoComplete="one-time-code" required slotProps={{ htmlInput: { inputMode: "numeric" } }} />
      {refused !== undefined && <ErrorAlert error={refused} />}
      <Button type="submit" variant="contained" disabled={isBusy} sx={{ alignSelf: "start" }}>
        {text("totp.confirm")}
      </Button>
    </Stack>
  );
};

const RecoveryCodes = ({ codes, onDone }: { codes: string[]; onDone: () => void }) => {
  const text = useText();
  return (
    <Stack spacing={2}>
      <Alert severity="success">{text("totp.on")}</Alert>
      <Typography>{text("totp.recovery_help")}</Typography>
      <Box component="ul" aria-label={text("totp.recovery")} sx={{ columns: { sm: 2 }, m: 0, fontFamily: "monospace" }}>
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </Box>
      <CopyField label={text("totp.recovery")} value={codes.join(" ")} />
      <Button variant="contained" onClick={onDone} sx={{ alignSelf: "start" }}>
        {text("totp.saved")}
      </Button>
    </Stack>
  );
};

const Disable = ({ onDone }: { onDone: () => void }) => {
  const text = useText();
  const { onSubmit, isBusy, input, general } = useSubmit(async (values) => {
    await client.delete("/auth/totp", { body: values });
    onDone();
  });
  const refused = general(["otp"]);
  return (
    <Box component="form" onSubmit={onSubmit}>
      <Alert severity="success" sx={{ mb: 1 }}>
        {text("totp.is_on")}
      </Alert>
      <TextField {...input("otp", text("totp.off_help"))} label={text("totp.code")} autoComplete="one-time-code" required />
      {refused !== undefined && <ErrorAlert error={refused} />}
      <Button type="submit" color="error" variant="outlined" disabled={isBusy} sx={{ mt: 1 }}>
        {text("totp.off")}
      </Button>
    </Box>
  );
};
