/** The state of the server, as `GET /system` tells it. */
import { client } from "./client";

export interface System {
  version: string;
  build?: string | null;
  uptime_seconds?: number;
  /** Why changes are refused; no reasons if they are accepted. */
  mode?: { mode: "read_write" | "read_only"; reasons: { code: string; detail: string; advice: string }[] };
  database?: {
    backend: string;
    version?: string | null;
    size_bytes?: number | null;
    reachable?: boolean;
    writable?: boolean;
    intact?: boolean;
  };
  queues?: {
    mail?: { waiting: number; failed: number; oldest_at?: string | null } | null;
    audit?: { entries: number; unsealed: number; last_sealed_at?: string | null };
  };
  storage?: { database_bytes?: number | null };
  replicas?: { name: string; host: string; port: number; used: boolean; reason: string; lag_seconds?: number | null }[];
  /** Null if the database cannot be backed up. */
  backups?: {
    store: string;
    last_at?: string | null;
    every_seconds?: number | null;
    next_at?: string | null;
    problem?: string | null;
  } | null;
  /** The rows of each resource that the caller may list. */
  rows?: { resource: string; count: number; estimated: boolean }[];
}

export const SYSTEM_KEY = ["system"];

export const readSystem = ({ signal }: { signal: AbortSignal }): Promise<System> => client.get<System>("/system", {}, signal);

export const READINESS_KEY = ["readiness"];

/** Asks the probe of readiness, which everyone may read. */
export const isReadOnly = async ({ signal }: { signal: AbortSignal }): Promise<boolean> => {
  const answer = await fetch("/readyz", { signal });
  if (!answer.ok) return false;
  const { mode } = (await answer.json()) as { mode?: string };
  return mode === "read_only";
};
