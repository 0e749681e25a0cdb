/** What the server holds and how it is doing. */
import { Alert, Box, Button, Card, CardContent, Link as MuiLink, List, ListItem, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router-dom";

import { client, type Page, type Schemas } from "../api/client";
import { allows } from "../api/meta";
import { readSystem, SYSTEM_KEY, type System } from "../api/system";
import { useCaller, useHolds, useMeta, useResource } from "../app/meta";
import { EntryHead, Subject } from "../history/HistoryTab";
import { useNames, useText } from "../i18n";
import { Page as Frame } from "../ui/Page";
import { Bars } from "./Bars";
import { Health } from "./Health";
import { DAYS, useDays } from "./days";

const NUMBER = new Intl.NumberFormat();

export const Dashboard = () => {
  const text = useText();
  const caller = useCaller();
  const readsSystem = useHolds("system.read");
  const readsAudit = useHolds("audit.read");
  const posts = useResource("posts");
  const system = useQuery({ queryKey: SYSTEM_KEY, enabled: readsSystem, queryFn: readSystem });
  return (
    <Frame title={text("dashboard.title")}>
      <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr", lg: "1fr 1fr" } }}>
        <Box sx={{ gridColumn: "1 / -1" }}>
          <Counts system={system.data} isReady={!readsSystem || !system.isPending} />
        </Box>
        {allows(posts, "stats") && <DayPlot title={text("dashboard.posts_per_day", { days: DAYS })} path="/posts/stats" />}
        {readsAudit && <DayPlot title={text("dashboard.sign_ins_per_day", { days: DAYS })} path="/audit/stats" filter={SIGN_INS} />}
        {readsAudit && <Recent />}
        {system.data && <Health system={system.data} />}
        {!readsSystem && !readsAudit && (
          <Alert severity="info" sx={{ gridColumn: "1 / -1" }}>
            {text("dashboard.limited", { name: caller.username })}
          </Alert>
        )}
      </Box>
    </Frame>
  );
};

const SIGN_INS = { action: "signed_in" };

/** A count is a request, unless the state of the system has all counts. So that the page asks little, the others are counted when asked for. */
const COUNTED = 2;

const Counts = ({ system, isReady }: { system: System | undefined; isReady: boolean }) => {
  const text = useText();
  const { resources } = useMeta();
  const listed = resources.filter((resource) => allows(resource, "list"));
  const known = new Map(system?.rows?.map((row) => [row.resource, row]));
  const [countsAll, setCountsAll] = useState(false);
  // Resources come after those that own them, so the last ones have the most rows.
  const isCounted = (index: number) => countsAll || index >= listed.length - COUNTED;
  const asks = isReady && !system?.rows;
  return (
    <>
    <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0, display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fill, minmax(150px, 1fr))" }}>
      {listed.map(({ name }, index) => (
        <Count key={name} name={name} known={known.get(name)} asks={asks && isCounted(index)} />
      ))}
    </Box>
    {asks && !countsAll && listed.length > COUNTED && (
      <Button size="small" onClick={() => setCountsAll(true)} sx={{ mt: 1 }}>
        {text("dashboard.count_all")}
      </Button>
    )}
    </>
  );
};

const Count = ({ name, known, asks }: { name: string; known: { count: number; estimated: boolean } | undefined; asks: boolean }) => {
  const text = useText();
  const names = useNames();
  const { data } = useQuery({
    queryKey: [name, "count"],
    enabled: asks,
    queryFn: ({ signal }) => client.get<Page<unknown>>(`/${name}`, { limit: 1, fields: "id", count: "estimate" }, signal),
  });
  const count = known?.count ?? data?.page.total;
  const shown = count === undefined || count === null ? "…" : NUMBER.format(count);
  return (
    <Card component="li" variant="outlined">
      <CardContent>
        <MuiLink component={Link} to={`/${name}`}>
          {names.resource(name)}
        </MuiLink>
        <Typography sx={{ fontSize: "1.75rem", fontWeight: 650 }}>{known?.estimated ? text("dashboard.about", { count: shown }) : shown}</Typography>
      </CardContent>
    </Card>
  );
};

const DayPlot = ({ title, path, filter }: { title: string; path: string; filter?: Record<string, string> }) => {
  const text = useText();
  const { data, isPending } = useDays(path, filter);
  return (
    <Card variant="outlined">
      <CardContent>
        <Typography variant="h2" sx={{ mb: 1 }}>
          {title}
        </Typography>
        {data && <Bars title={title} days={data} />}
        {!data && !isPending && <Typography color="text.secondary">{text("dashboard.no_plot")}</Typography>}
      </CardContent>
    </Card>
  );
};

const RECENT = 6;

const Recent = () => {
  const text = useText();
  const { data } = useQuery({
    queryKey: ["recent"],
    queryFn: ({ signal }) =>
      client.get<Page<Schemas["AuditEntry"]>>("/audit", { limit: RECENT, fields: "id,created_at,actor_id,resource,resource_id,action,version" }, signal),
  });
  return (
    <Card variant="outlined">
      <CardContent>
        <Typography variant="h2">{text("dashboard.recent")}</Typography>
        <List dense>
          {data?.data.map((entry) => (
            <ListItem key={entry.id} disableGutters sx={{ gap: 1, flexWrap: "wrap" }}>
              <Subject entry={entry} />
              <EntryHead entry={entry} />
            </ListItem>
          ))}
        </List>
        <MuiLink component={Link} to="/audit">
          {text("dashboard.all_entries")}
        </MuiLink>
      </CardContent>
    </Card>
  );
};
