/** What the page of a user has beside the form. */
import { holds, type Caller } from "../api/meta";
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
  /** Whether the API could answer this caller at all. */
  isShown: (caller: Caller, userId: number) => boolean;
}

const may = (permission: string) => (caller: Caller) => caller.is_superuser || holds(caller.permissions, permission);

export const USER_TABS: UserTab[] = [
  { path: "roles", label: "users.roles", content: RolesTab, isShown: (caller, userId) => caller.id === userId || may("users.read")(caller) },
  { path: "sessions", label: "users.sessions", content: SessionsTab, isShown: may("users.update") },
  { path: "api-keys", label: "users.keys", content: KeysTab, isShown: may("users.update") },
  { path: "access", label: "users.access", content: AccessTab, isShown: may("system.read") },
];
