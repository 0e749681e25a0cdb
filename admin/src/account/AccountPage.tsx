/** The account of the caller. */
import { Box, Button, LinearProgress, Paper, Tab, Tabs, Typography } from "@mui/material";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "react-router-dom";

import { client, type Schemas } from "../api/client";
import { NotFound } from "../app/NotFound";
import { useText, type TextKey } from "../i18n";
import { ErrorAlert } from "../ui/ErrorAlert";
import { Page } from "../ui/Page";
import { KeyList } from "./KeyList";
import { NewKey } from "./NewKey";
import { PasswordForm } from "./PasswordForm";
import { ProfileForm } from "./ProfileForm";
import { SessionList } from "./SessionList";
import { Totp } from "./Totp";

export type Account = Schemas["Account"];

interface PartProps {
  account: Account;
  reload: () => void;
}

const KEYS = "/auth/api-keys";

const TABS: { path: string; label: TextKey; content: (props: PartProps) => React.ReactNode }[] = [
  { path: "", label: "account.profile", content: ({ account, reload }) => <ProfileForm account={account} reload={reload} /> },
  { path: "password", label: "account.password", content: () => <PasswordForm /> },
  { path: "second-factor", label: "account.totp", content: ({ account, reload }) => <Totp isOn={account.has_totp ?? false} onDone={reload} /> },
  { path: "sessions", label: "users.sessions", content: () => <SessionList path="/auth/sessions" keepsCurrent /> },
  {
    path: "api-keys",
    label: "users.keys",
    content: () => (
      <>
        <KeyList path={KEYS} />
        <NewKey path={KEYS} />
      </>
    ),
  },
  { path: "data", label: "account.data", content: () => <OwnData /> },
];

export const AccountPage = () => {
  const text = useText();
  const { tab = "" } = useParams();
  const queries = useQueryClient();
  const { data: account, error } = useQuery({ queryKey: ["me"], queryFn: ({ signal }) => client.get<Account>("/auth/me", {}, signal) });
  const current = TABS.find(({ path }) => path === tab);
  if (!current) return <NotFound />;
  const Content = current.content;
  return (
    <Page title={text("account.title")} narrow>
      <Tabs value={current.path} variant="scrollable" allowScrollButtonsMobile aria-label={text("account.title")} sx={{ mb: 2, borderBottom: 1, borderColor: "divider" }}>
        {TABS.map(({ path, label }) => (
          <Tab key={path} value={path} label={text(label)} component={Link} to={path ? `/account/${path}` : "/account"} />
        ))}
      </Tabs>
      <Paper key={current.path} variant="outlined" sx={{ p: { xs: 2, sm: 3 } }}>
        {error && <ErrorAlert error={error} />}
        {!account && !error && <LinearProgress aria-label={text("ui.loading")} />}
        {account && <Content account={account} reload={() => void queries.invalidateQueries({ queryKey: ["me"] })} />}
      </Paper>
    </Page>
  );
};

const OwnData = () => {
  const text = useText();
  return (
    <Box>
      <Typography sx={{ mb: 2 }}>{text("account.data_help")}</Typography>
      <Button component="a" href={client.href("/auth/me/export")} download variant="contained">
        {text("account.data_download")}
      </Button>
    </Box>
  );
};
