/** Colours with the contrast that WCAG 2.2 AA asks for, light and dark. */
import { defaultDarkTheme, defaultLightTheme, type RaThemeOptions } from "react-admin";

const FOCUS = { "&.Mui-focusVisible, &:focus-visible": { outline: "2px solid currentColor", outlineOffset: 2 } };
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

const shared = (base: RaThemeOptions): RaThemeOptions => ({
  ...base,
  typography: {
    fontFamily: FONT,
    h1: { fontSize: "1.5rem", fontWeight: 650, lineHeight: 1.25 },
    h2: { fontSize: "1.125rem", fontWeight: 650, lineHeight: 1.3 },
    h3: { fontSize: "1rem", fontWeight: 650 },
    button: { textTransform: "none", fontWeight: 600 },
  },
  shape: { borderRadius: 8 },
  components: {
    ...base.components,
    MuiTextField: { defaultProps: { variant: "outlined", size: "small", margin: "dense", fullWidth: true } },
    MuiFormControl: { defaultProps: { variant: "outlined", size: "small", margin: "dense", fullWidth: true } },
    MuiButton: { defaultProps: { disableElevation: true } },
    MuiButtonBase: { defaultProps: { disableRipple: true }, styleOverrides: { root: FOCUS } },
    MuiLink: { defaultProps: { underline: "always" }, styleOverrides: { root: FOCUS } },
    MuiPaper: { defaultProps: { elevation: 0 }, styleOverrides: { root: { backgroundImage: "none" } } },
    MuiTab: { styleOverrides: { root: { minHeight: 44 } } },
    MuiTableCell: { styleOverrides: { head: { fontWeight: 650, whiteSpace: "nowrap" } } },
    MuiFormHelperText: { styleOverrides: { root: { fontSize: "0.8125rem" } } },
  },
});


export const lightTheme: RaThemeOptions = {
  ...shared(defaultLightTheme),
  palette: {
    mode: "light",
    primary: { main: "#0a5f78", contrastText: "#ffffff" },
    secondary: { main: "#0a5f78", contrastText: "#ffffff" },
    error: { main: "#b3261e" },
    warning: { main: "#8a4b00" },
    success: { main: "#1b6b3a" },
    info: { main: "#0a5f78" },
    text: { primary: "#1b2327", secondary: "#4c5a61" },
    background: { default: "#f5f7f8", paper: "#ffffff" },
    divider: "#d3dadd",
  },
};

export const darkTheme: RaThemeOptions = {
  ...shared(defaultDarkTheme),
  palette: {
    mode: "dark",
    primary: { main: "#7fd0e6", contrastText: "#06232c" },
    secondary: { main: "#7fd0e6", contrastText: "#06232c" },
    error: { main: "#ffb4ab", contrastText: "#3b0906" },
    warning: { main: "#ffc680", contrastText: "#331d00" },
    success: { main: "#8fdca8", contrastText: "#06280f" },
    info: { main: "#7fd0e6", contrastText: "#06232c" },
    text: { primary: "#e6ecef", secondary: "#b4c0c6" },
    background: { default: "#10171a", paper: "#182125" },
    divider: "#37444a",
  },
};
