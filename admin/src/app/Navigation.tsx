/** The links to all pages that the caller may open. */
import ArticleIcon from "@mui/icons-material/ArticleOutlined";
import CommentIcon from "@mui/icons-material/ChatBubbleOutline";
import DashboardIcon from "@mui/icons-material/SpaceDashboardOutlined";
import ExplainIcon from "@mui/icons-material/HelpOutline";
import AuditIcon from "@mui/icons-material/FactCheckOutlined";
import PeopleIcon from "@mui/icons-material/PeopleOutlined";
import RoleIcon from "@mui/icons-material/AdminPanelSettingsOutlined";
import TableIcon from "@mui/icons-material/TableRowsOutlined";
import { Box, List, ListItem, ListItemButton, ListItemIcon, ListItemText } from "@mui/material";
import type { ReactNode } from "react";
import { NavLink, useLocation } from "react-router-dom";

import { allows } from "../api/meta";
import { useNames, useText } from "../i18n";
import { useHolds, useMeta } from "./meta";

/** Icons of resources that every server has. A table of your own gets a general one. */
const ICONS: Record<string, ReactNode> = { posts: <ArticleIcon />, comments: <CommentIcon />, users: <PeopleIcon />, roles: <RoleIcon /> };

export const Navigation = () => {
  const text = useText();
  const names = useNames();
  const { resources } = useMeta();
  const readsAudit = useHolds("audit.read");
  const explains = useHolds("system.read");
  return (
    <Box component="nav" aria-label={text("app.navigation")}>
      <List dense>
        <Item to="/" icon={<DashboardIcon />} label={text("app.dashboard")} />
        {resources
          .filter((resource) => allows(resource, "list"))
          .map(({ name }) => (
            <Item key={name} to={`/${name}`} icon={ICONS[name] ?? <TableIcon />} label={names.resource(name)} />
          ))}
        {readsAudit && <Item to="/audit" icon={<AuditIcon />} label={text("audit.title")} />}
        {explains && <Item to="/explain" icon={<ExplainIcon />} label={text("explain.title")} />}
      </List>
    </Box>
  );
};

const Item = ({ to, icon, label }: { to: string; icon: ReactNode; label: string }) => {
  const { pathname } = useLocation();
  const isCurrent = to === "/" ? pathname === "/" : pathname === to || pathname.startsWith(`${to}/`);
  return (
    <ListItem disablePadding>
      <ListItemButton component={NavLink} to={to} end={to === "/"} selected={isCurrent}>
        <ListItemIcon sx={{ minWidth: 36 }}>{icon}</ListItemIcon>
        <ListItemText primary={label} />
      </ListItemButton>
    </ListItem>
  );
};
