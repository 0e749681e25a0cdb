/** Downloads all rows that the filters of the list match. The server writes the file while it is sent. */
import DownloadIcon from "@mui/icons-material/FileDownloadOutlined";
import { Button, Menu, MenuItem } from "@mui/material";
import { useListContext } from "ra-core";

import { dataProvider } from "../api/client";
import { useText } from "../i18n";
import { useMenu } from "../ui/useMenu";

export const ExportMenu = ({ resource }: { resource: string }) => {
  const text = useText();
  const menu = useMenu("export");
  const { filterValues } = useListContext();
  return (
    <>
      <Button startIcon={<DownloadIcon />} {...menu.button}>
        {text("list.export")}
      </Button>
      <Menu {...menu.menu}>
        {(["csv", "ndjson"] as const).map((format) => (
          <MenuItem
            key={format}
            component="a"
            href={dataProvider.exportUrl(resource, format, filterValues)}
            download={`${resource}.${format}`}
            onClick={menu.close}
          >
            {text(`list.export_${format}`)}
          </MenuItem>
        ))}
      </Menu>
    </>
  );
};
