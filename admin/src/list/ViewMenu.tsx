/** Names for views of a list. A view is an address: its filters, order and columns; the names are kept in this browser. */
import BookmarkIcon from "@mui/icons-material/BookmarkBorder";
import DeleteIcon from "@mui/icons-material/Delete";
import { Button, Dialog, DialogActions, DialogContent, DialogTitle, Divider, IconButton, List, ListItem, ListItemText, Menu, MenuItem, TextField } from "@mui/material";
import { useStore } from "ra-core";
import { useState, type FormEvent } from "react";
import { Link, useLocation } from "react-router-dom";

import { useText } from "../i18n";
import { useMenu } from "../ui/useMenu";

interface View {
  name: string;
  search: string;
}

export const ViewMenu = ({ resource }: { resource: string }) => {
  const text = useText();
  const menu = useMenu("views");
  const { search } = useLocation();
  const [views, setViews] = useStore<View[]>(`views.${resource}`, []);
  const [dialog, setDialog] = useState<"save" | "edit">();

  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name")).trim();
    if (!name) return;
    setViews([...views.filter((view) => view.name !== name), { name, search }]);
    setDialog(undefined);
  };
  const open = (name: "save" | "edit") => {
    menu.close();
    setDialog(name);
  };
  return (
    <>
      <Button startIcon={<BookmarkIcon />} {...menu.button}>
        {text("views.title")}
      </Button>
      <Menu {...menu.menu}>
        {views.map((view) => (
          <MenuItem key={view.name} component={Link} to={`/${resource}${view.search}`} selected={view.search === search} onClick={menu.close}>
            {view.name}
          </MenuItem>
        ))}
        {views.length > 0 && <Divider />}
        <MenuItem component={Link} to={`/${resource}`} onClick={menu.close}>
          {text("views.all")}
        </MenuItem>
        <MenuItem onClick={() => open("save")}>{text("views.save")}</MenuItem>
        {views.length > 0 && <MenuItem onClick={() => open("edit")}>{text("views.edit")}</MenuItem>}
      </Menu>
      <Dialog open={dialog === "save"} onClose={() => setDialog(undefined)} aria-labelledby="view-title" slotProps={{ paper: { component: "form", onSubmit: save } as object }}>
        <DialogTitle id="view-title">{text("views.save")}</DialogTitle>
        <DialogContent>
          <p>{text("views.help")}</p>
          <TextField name="name" label={text("views.name")} autoFocus required />
        </DialogContent>
        <DialogActions>
          <Button onClick={() => setDialog(undefined)}>{text("ui.cancel")}</Button>
          <Button type="submit" variant="contained">
            {text("ui.save")}
          </Button>
        </DialogActions>
      </Dialog>
      <Dialog open={dialog === "edit"} onClose={() => setDialog(undefined)} aria-labelledby="views-title" fullWidth maxWidth="xs">
        <DialogTitle id="views-title">{text("views.edit")}</DialogTitle>
        <DialogContent>
          <List dense>
            {views.map((view) => (
              <ListItem
                key={view.name}
                secondaryAction={
                  <IconButton edge="end" aria-label={text("views.delete", { name: view.name })} onClick={() => setViews(views.filter((other) => other !== view))}>
                    <DeleteIcon />
                  </IconButton>
                }
              >
                <ListItemText primary={view.name} />
              </ListItem>
            ))}
          </List>
        </DialogContent>
        <DialogActions>
          <Button onClick={() => setDialog(undefined)} autoFocus>
            {text("ui.close")}
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
};
