/** Who deleted the rows of a page, read from the audit log in one request. */
import { useQuery } from "@tanstack/react-query";

import { client, type Page, type Schemas } from "../api/client";
import type { Resource } from "../api/meta";
import { useHolds } from "../app/meta";
import { Reference } from "../fields/Reference";
import { useText } from "../i18n";
import type { Row } from "../list/Rows";

type Entry = Pick<Schemas["AuditEntry"], "id" | "actor_id" | "resource_id" | "created_at">;

export const useDeletions = (resource: Resource, rows: Row[], isOn: boolean): Record<number, Entry> => {
  const canRead = useHolds("audit.read");
  const ids = rows.map(({ id }) => id);
  const { data = {} } = useQuery({
    queryKey: ["deletions", resource.name, ids],
    enabled: isOn && canRead && ids.length > 0,
    queryFn: async ({ signal }) => {
      const query = { resource: resource.name, action: "deleted", "resource_id.in": ids.join(","), fields: "id,actor_id,resource_id,created_at", limit: 100 };
      const { data } = await client.get<Page<Entry>>("/audit", query, signal);
      // The newest entry comes first, and is the deletion that is still in force.
      return Object.fromEntries(data.reverse().map((entry) => [entry.resource_id, entry]));
    },
  });
  return data;
};

export const DeletedBy = ({ deletion }: { deletion: Entry | undefined }) => {
  const text = useText();
  if (!deletion) return <>{text("trash.unknown")}</>;
  return deletion.actor_id ? <Reference resource="users" id={deletion.actor_id} isLink={false} /> : <>{text("history.service")}</>;
};
