/** The frame of all pages: the bar at the top, the navigation at the side, and the page itself. */
import AccountIcon from "@mui/icons-material/AccountCircleOutlined";
import DarkIcon from "@mui/icons-material/DarkModeOutlined";
import KeyboardIcon from "@mui/icons-material/KeyboardOutlined";
import LightIcon from "@mui/icons-material/LightModeOutlined";
import MenuIcon from "@mui/icons-material/Menu";
import SignOutIcon from "@mui/icons-material/Logout";
import { AppBar, Box, Drawer, IconButton, Toolbar, Tooltip, Typography, useMediaQuery, useTheme as useMuiTheme } from "@mui/material";
import { useNotify } from "ra-core";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Notification, useTheme } from "react-admin";
import { Link, useLocation } from "react-router-dom";

import { useSession } from "../auth/session";
import { useText } from "../i18n";
import { useCaller, useMeta } from "./meta";
import { Navigation } from "./Navigation";
import { ReadOnlyNotice } from "./ReadOnlyNotice";
import { Shortcuts, useShortcuts } from "./shortcuts";

const WIDTH = 220;

export const Layout = ({ children }: { children: ReactNode }) => {
  const theme = useMuiTheme();
  const isWide = useMediaQuery(theme.breakpoints.up("md"), { noSsr: true });
  const [isOpen, setIsOpen] = useState(false);
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const shortcuts = useShortcuts();
  useFocusOnNewPage(main, pathname);
  useEffect(() => setIsOpen(false), [pathname]);

  return (
    <Box sx={{ display: "flex", minHeight: "100vh" }}>
      <SkipLink onClick={() => main.current?.focus()} />
      <TopBar isWide={isWide} openMenu={() => setIsOpen(true)} openShortcuts={shortcuts.open} />
      <Drawer
        variant={isWide ? "permanent" : "temporary"}
        open={isWide || isOpen}
        onClose={() => setIsOpen(false)}
        sx={{ width: isWide ? WIDTH : 0, flexShrink: 0 }}
        slotProps={{ paper: { sx: { width: WIDTH, borderRight: 1, borderColor: "divider" } } }}
      >
        {isWide && <Toolbar variant="dense" />}
        <Navigation />
      </Drawer>
      <Box
        component="main"
        id="main"
        ref={main}
        tabIndex={-1}
        sx={{ flexGrow: 1, minWidth: 0, p: { xs: 2, md: 3 }, pt: { xs: 9, md: 10 }, outline: "none", bgcolor: "background.default" }}
      >
        <ReadOnlyNotice />
        {children}
      </Box>
      <Shortcuts {...shortcuts} />
      <Notification />
    </Box>
  );
};

const TopBar = ({ isWide, openMenu, openShortcuts }: { isWide: boolean; openMenu: () => void; openShortcuts: () => void }) => {
  const text = useText();
  const { name } = useMeta();
  const caller = useCaller();
  const { signOut } = useSession();
  const notify = useNotify();
  const [, setTheme] = useTheme();
  const isDark = useMuiTheme().palette.mode === "dark";
  const leave = () => signOut().catch((error: Error) => notify(error.message, { type: "error" }));
  const button = (label: string, icon: ReactNode, onClick: () => void) => (
    <Tooltip title={label}>
      <IconButton color="inherit" aria-label={label} onClick={onClick}>
        {icon}
      </IconButton>
    </Tooltip>
  );
  return (
    <AppBar
      position="fixed"
      color="default"
      elevation={0}
      sx={{ zIndex: (theme) => theme.zIndex.drawer + (isWide ? 1 : 0), borderBottom: 1, borderColor: "divider", bgcolor: "background.paper" }}
    >
      <Toolbar variant="dense" sx={{ gap: 0.5 }}>
        {!isWide && button(text("app.menu"), <MenuIcon />, openMenu)}
        <Typography component={Link} to="/" sx={{ flexGrow: 1, fontWeight: 700, color: "inherit", textDecoration: "none" }}>
          {name}
        </Typography>
        {isWide && button(text("shortcuts.title"), <KeyboardIcon />, openShortcuts)}
        {button(text(isDark ? "app.light" : "app.dark"), isDark ? <LightIcon /> : <DarkIcon />, () => setTheme(isDark ? "light" : "dark"))}
        <Tooltip title={text("app.account", { name: caller.username })}>
          <IconButton color="inherit" component={Link} to="/account" aria-label={text("app.account", { name: caller.username })}>
            <AccountIcon />
          </IconButton>
        </Tooltip>
        {button(text("app.sign_out"), <SignOutIcon />, leave)}
      </Toolbar>
    </AppBar>
  );
};

const SkipLink = ({ onClick }: { onClick: () => void }) => {
  const text = useText();
  return (
    <Box
      component="button"
      onClick={onClick}
      sx={{
        position: "fixed",
        top: 8,
        left: 8,
        p: 1,
        zIndex: 2000,
        bgcolor: "background.paper",
        color: "text.primary",
        "&:not(:focus)": { width: 1, height: 1, p: 0, overflow: "hidden", clipPath: "inset(50%)", border: 0 },
      }}
    >
      {text("app.skip")}
    </Box>
  );
};

/** Moves the focus to a new page, so that the keyboard and screen readers start there. */
const useFocusOnNewPage = (main: React.RefObject<HTMLElement | null>, pathname: string) => {
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    window.scrollTo(0, 0);
    main.current?.focus();
  }, [main, pathname]);
};
