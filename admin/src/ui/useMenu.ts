/** The attributes of a button that opens a menu, and of the menu. */
import { useState, type MouseEvent } from "react";

export const useMenu = (id: string) => {
  const [anchorEl, setAnchor] = useState<HTMLElement | null>(null);
  const open = anchorEl !== null;
  const close = () => setAnchor(null);
  return {
    close,
    button: {
      "aria-haspopup": "menu" as const,
      "aria-expanded": open,
      "aria-controls": open ? `${id}-menu` : undefined,
      onClick: (event: MouseEvent<HTMLElement>) => setAnchor(event.currentTarget),
    },
    menu: { id: `${id}-menu`, anchorEl, open, onClose: close },
  };
};
