/** The values of a row that cannot be changed here. */
import { Box, Typography } from "@mui/material";

import type { Resource } from "../api/meta";
import { Value } from "../fields/Value";
import { useNames } from "../i18n";
import type { Row } from "../list/Rows";

export const Details = ({ resource, row }: { resource: Resource; row: Row }) => {
  const names = useNames();
  return (
    <Box component="dl" sx={{ m: 0, display: "grid", gridTemplateColumns: { xs: "1fr", sm: "160px 1fr" }, gap: 1 }}>
      {resource.fields
        .filter(({ name }) => row[name] !== undefined && name !== "deleted_at")
        .map((field) => (
          <Box key={field.name} sx={{ display: "contents" }}>
            <Typography component="dt" sx={{ color: "text.secondary" }}>
              {names.field(field.name)}
            </Typography>
            <Box component="dd" sx={{ m: 0, mb: { xs: 1, sm: 0 } }}>
              <Value field={field} value={row[field.name]} />
            </Box>
          </Box>
        ))}
    </Box>
  );
};
