/** The health of the server: its database, its queues, its version, and the space that it needs. */
import CheckIcon from "@mui/icons-material/CheckCircleOutline";
import WarningIcon from "@mui/icons-material/WarningAmber";
import { Box, Card, CardContent, Typography } from "@mui/material";
import type { ReactNode } from "react";

import type { System } from "../api/system";
import { formatTime } from "../fields/time";
import { useText } from "../i18n";

const UNITS = ["B", "kB", "MB", "GB", "TB"];

const formatBytes = (bytes: number): string => {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  return `${(bytes / 1000 ** power).toFixed(power > 1 ? 1 : 0)} ${UNITS[power]}`;
};

const FAULTS = ["reachable", "writable", "intact"] as const;

/** Entries are sealed within seconds, so more than this means that sealing has stopped. */
const MANY_UNSEALED = 1_000;

export const Health = ({ system }: { system: System }) => {
  const text = useText();
  const { database, queues: { mail, audit } = {}, storage, replicas, backups, version, build, uptime_seconds } = system;
  const size = storage?.database_bytes ?? database?.size_bytes;
  const faults = FAULTS.filter((name) => database?.[name] === false).map((name) => text(`health.not_${name}`));
  return (
    <Card variant="outlined">
      <CardContent>
        <Typography variant="h2" sx={{ mb: 1 }}>
          {text("health.title")}
        </Typography>
        <Box component="dl" sx={{ m: 0, display: "grid", gridTemplateColumns: "auto 1fr", columnGap: 2, rowGap: 0.75 }}>
          <Item label={text("health.version")}>{[version, build].filter(Boolean).join(" · ")}</Item>
          {uptime_seconds !== undefined && <Item label={text("health.uptime")}>{duration(uptime_seconds)}</Item>}
          {database && (
            <Item label={text("health.database")} isWell={faults.length === 0}>
              {[database.backend, database.version, ...faults].filter(Boolean).join(" · ")}
            </Item>
          )}
          {size !== undefined && size !== null && <Item label={text("health.size")}>{formatBytes(size)}</Item>}
          {replicas?.map(({ name, host, port, used, reason, lag_seconds }) => (
            <Item key={name} label={text("health.replica", { address: `${host}:${port}` })} isWell={used}>
              {used && typeof lag_seconds === "number" ? text("health.replica_lag", { seconds: lag_seconds.toFixed(1) }) : reason}
            </Item>
          ))}
          {backups && (
            <Item label={text("health.backups")} isWell={isBackedUp(backups)}>
              {[backups.store, ...backupTimes(backups, text)].join(" · ")}
            </Item>
          )}
          {mail && (
            <Item label={text("health.mail")} isWell={mail.failed === 0}>
              {text("health.mail_state", { waiting: mail.waiting, failed: mail.failed })}
              {mail.oldest_at && ` · ${text("health.oldest", { time: formatTime(mail.oldest_at) })}`}
            </Item>
          )}
          {audit && (
            <Item label={text("health.audit")} isWell={audit.unsealed < MANY_UNSEALED}>
              {text("health.audit_state", { entries: audit.entries, unsealed: audit.unsealed })}
            </Item>
          )}
        </Box>
      </CardContent>
    </Card>
  );
};

/** A backup takes a while, and one that failed is tried again within minutes. */
const GRACE = 3_600_000;

const isOverdue = (next: string | null | undefined): boolean => !!next && Date.parse(next) + GRACE < Date.now();

/** Nothing is said about an installation that makes no backups: they may be made in another way. */
const isBackedUp = ({ last_at, next_at, problem }: NonNullable<System["backups"]>): boolean | undefined => {
  if (problem || isOverdue(next_at)) return false;
  return last_at ? true : undefined;
};

const backupTimes = ({ last_at, next_at, every_seconds, problem }: NonNullable<System["backups"]>, text: ReturnType<typeof useText>): string[] => {
  if (problem) return [problem];
  const last = last_at ? text("health.backup_last", { time: formatTime(last_at) }) : text("health.backup_none");
  if (!every_seconds || !next_at) return [last, text("health.backup_unscheduled")];
  return [last, text(isOverdue(next_at) ? "health.backup_overdue" : "health.backup_next", { time: formatTime(next_at) })];
};

const Item = ({ label, isWell, children }: { label: string; isWell?: boolean; children: ReactNode }) => {
  const text = useText();
  return (
    <>
      <Typography component="dt" variant="body2" sx={{ color: "text.secondary" }}>
        {label}
      </Typography>
      <Typography component="dd" variant="body2" sx={{ m: 0, display: "flex", gap: 0.5, alignItems: "center" }}>
        {isWell === true && <CheckIcon fontSize="small" color="success" titleAccess={text("health.well")} />}
        {isWell === false && <WarningIcon fontSize="small" color="warning" titleAccess={text("health.unwell")} />}
        {children}
      </Typography>
    </>
  );
};

const duration = (seconds: number): string => {
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60];
  return [days && `${days} d`, hours && `${hours} h`, `${minutes} min`].filter(Boolean).join(" ");
};
