/** The API keys of a user: revokes one or all. */
import { KeyList } from "../account/KeyList";
import type { TabProps } from "../form/RowPage";

export const KeysTab = ({ row }: TabProps) => <KeyList path={`/users/${row.id}/api-keys`} />;
