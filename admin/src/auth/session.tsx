/** Knows whether someone is signed in: asks the server at the start, after a sign-in, and when a request is refused with 401. */
import { ApiError } from "atoll-react-admin";
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

import { client, SESSION_ENDED } from "../api/client";
import type { Meta } from "../api/meta";

/** Why nobody is signed in, if there is something to say about it. */
export type Notice = "ended" | "signed_out" | "no_cookie";

export type SessionState =
  | { kind: "loading" }
  | { kind: "out"; notice?: Notice }
  | { kind: "in"; meta: Meta }
  | { kind: "totp_required" }
  | { kind: "failed"; message: string };

interface Session {
  state: SessionState;
  /** Asks the server again. `notice` is shown if nobody is signed in. */
  reload: (notice?: Notice) => Promise<void>;
  signOut: () => Promise<void>;
}

const SessionContext = createContext<Session | null>(null);

const askServer = async (notice?: Notice): Promise<SessionState> => {
  try {
    const meta = await client.get<Meta>("/meta");
    if (meta.caller) return { kind: "in", meta };
    return notice ? { kind: "out", notice } : { kind: "out" };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // The cookie was no longer valid. The answer has removed it.
    if (error.status === 401) return { kind: "out", notice: "ended" };
    if (error.status === 403) return { kind: "totp_required" };
    return { kind: "failed", message: error.message };
  }
};

export const SessionProvider = ({ children }: { children: ReactNode }) => {
  const [state, setState] = useState<SessionState>({ kind: "loading" });

  const reload = useCallback(async (notice?: Notice) => setState(await askServer(notice)), []);

  const signOut = useCallback(async () => {
    try {
      await client.post("/auth/logout");
    } catch (error) {
      // A session that has ended already is signed out.
      if (!(error instanceof ApiError && error.status === 401)) throw error;
    }
    client.setCsrfToken(undefined);
    setState({ kind: "out", notice: "signed_out" });
  }, []);

  useEffect(() => {
    void reload();
    const onEnded = () => {
      client.setCsrfToken(undefined);
      // The page may be about to show that someone signed out.
      setState((now) => (now.kind === "in" || now.kind === "totp_required" ? { kind: "out", notice: "ended" } : now));
    };
    window.addEventListener(SESSION_ENDED, onEnded);
    return () => window.removeEventListener(SESSION_ENDED, onEnded);
  }, [reload]);

  const session = useMemo(() => ({ state, reload, signOut }), [state, reload, signOut]);
  return <SessionContext value={session}>{children}</SessionContext>;
};

export const useSession = (): Session => {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession needs a SessionProvider");
  return session;
};
