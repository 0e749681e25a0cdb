/** What the page of a user has beside the form. */
import type { TabProps } from "../form/RowPage";
import type { TextKey } from "../i18n";
import { AccessTab } from "./AccessTab";
import { KeysTab } from "./KeysTab";
import { RolesTab } from "./RolesTab";
import { SessionsTab } from "./SessionsTab";

interface UserTab {
  path: string;
  label: TextKey;
  content: (props: TabProps) => React.ReactNode;
}

export const USER_TABS: UserTab[] = [
  { path: "roles", label: "users.roles", content: RolesTab },
  { path: "sessions", label: "users.sessions", content: SessionsTab },
  { path: "api-keys", label: "users.keys", content: KeysTab },
  { path: "access", label: "users.access", content: AccessTab },
];
