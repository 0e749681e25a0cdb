/** The whole admin: who is signed in decides between the sign-in and the pages. */
import { CircularProgress, CssBaseline } from "@mui/material";
import { QueryClient } from "@tanstack/react-query";
import { localStorageStore } from "ra-core";
import { AdminContext } from "react-admin";

import { dataProvider } from "../api/client";
import { SessionProvider, useSession } from "../auth/session";
import { SignIn } from "../auth/SignIn";
import { TotpRequired } from "../auth/TotpRequired";
import { Unreachable } from "../auth/Unreachable";
import { i18nProvider } from "../i18n";
import { en } from "../i18n/en";
import { MetaProvider } from "./meta";
import { Pages } from "./Pages";
import { darkTheme, lightTheme } from "./theme";

const store = localStorageStore(undefined, "atoll");

/** Answers are fresh for a moment, so that components of one page share them. */
const queryClient = new QueryClient({
  defaultOptions: { queries: { retry: false, staleTime: 2_000, refetchOnWindowFocus: false } },
});

export const App = () => (
  <AdminContext
    i18nProvider={i18nProvider}
    store={store}
    theme={lightTheme}
    darkTheme={darkTheme}
    dataProvider={dataProvider}
    queryClient={queryClient}
  >
    <CssBaseline enableColorScheme>
      <SessionProvider>
        <Content />
      </SessionProvider>
    </CssBaseline>
  </AdminContext>
);

const Content = () => {
  const { state } = useSession();
  switch (state.kind) {
    case "loading":
      return <CircularProgress aria-label={en.atoll.ui.loading} sx={{ position: "fixed", inset: 0, m: "auto" }} />;
    case "out":
      return <SignIn notice={state.notice} />;
    case "totp_required":
      return <TotpRequired />;
    case "failed":
      return <Unreachable message={state.message} />;
    case "in":
      // Another caller starts with empty pages.
      return (
        <MetaProvider key={state.meta.caller?.id} value={state.meta}>
          <Pages />
        </MetaProvider>
      );
  }
};
