/** The sessions of a user: ends one or all. */
import type { TabProps } from "../form/RowPage";
import { SessionList } from "../account/SessionList";

export const SessionsTab = ({ row }: TabProps) => <SessionList path={`/users/${row.id}/sessions`} />;
