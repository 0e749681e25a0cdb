/** The frame of each page: its heading, its title in the browser, and what can be done on it. */
import { Box, Stack, Typography } from "@mui/material";
import { useEffect, type ReactNode } from "react";

interface PageProps {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
  /** Forms are easier to read when they are not too wide. */
  narrow?: boolean;
}

export const Page = ({ title, actions, children, narrow = false }: PageProps) => {
  useTitle(title);
  return (
    <Box sx={{ maxWidth: narrow ? 860 : "none", width: "100%" }}>
      <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: "center", justifyContent: "space-between", flexWrap: "wrap", mb: 2 }}>
        <Typography variant="h1" tabIndex={-1} sx={{ overflowWrap: "anywhere", outline: "none" }}>
          {title}
        </Typography>
        {actions && (
          <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap", alignItems: "center" }}>
            {actions}
          </Stack>
        )}
      </Stack>
      {children}
    </Box>
  );
};

export const useTitle = (title: string) => {
  useEffect(() => {
    document.title = `${title} · Atoll`;
  }, [title]);
};
