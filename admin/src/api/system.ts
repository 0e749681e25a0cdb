/** The state of the server, as `GET /system` tells it. */
import { client } from "./client";

export interface System {
  version: string;
  build?: string | null;
  uptime_seconds?: number;
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
  /** The rows of each resource that the caller may list. */
  rows?: { resource: string; count: number; estimated: boolean }[];
}

export const SYSTEM_KEY = ["system"];

export const readSystem = ({ signal }: { signal: AbortSignal }): Promise<System> => client.get<System>("/system", {}, signal);
