/** Why this user may send a request, or may not. */
import type { TabProps } from "../form/RowPage";
import { Explain } from "./Explain";

export const AccessTab = ({ row }: TabProps) => <Explain userId={row.id} />;
