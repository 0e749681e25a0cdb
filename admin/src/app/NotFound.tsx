/** Says that an address leads nowhere. */
import { Button } from "@mui/material";
import { Link } from "react-router-dom";

import { useText } from "../i18n";
import { Page } from "../ui/Page";

export const NotFound = () => {
  const text = useText();
  return (
    <Page title={text("app.not_found")} narrow>
      <p>{text("app.not_found_help")}</p>
      <Button component={Link} to="/" variant="outlined">
        {text("app.dashboard")}
      </Button>
    </Page>
  );
};
