/** Reads one row, deleted ones too where the caller may see them. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router-dom";

import { client } from "../api/client";
import { allows, type Resource } from "../api/meta";
import type { Row } from "../list/Rows";

export const rowKey = (resource: string, id: number) => ["row", resource, id];

export const readRow = (resource: Resource, id: number, signal?: AbortSignal): Promise<Row> =>
  client.get<Row>(`/${resource.name}/${id}`, allows(resource, "deleted") ? { deleted: "include" } : {}, signal);

/** Leaves the page of a row that has been deleted or purged. What was read of it is forgotten. */
export const useLeave = (resource: Resource, id: number) => {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return () => {
    navigate(`/${resource.name}`);
    queries.removeQueries({ queryKey: rowKey(resource.name, id) });
    queries.removeQueries({ queryKey: ["history", resource.name, id] });
    void queries.invalidateQueries({ queryKey: [resource.name] });
  };
};

export const useRow = (resource: Resource, id: number) => {
  const queries = useQueryClient();
  const query = useQuery({ queryKey: rowKey(resource.name, id), queryFn: ({ signal }) => readRow(resource, id, signal) });
  /** After a change: the row, its history and all lists of the resource are read again. */
  const changed = async (row?: Row) => {
    if (row) queries.setQueryData(rowKey(resource.name, id), row);
    await Promise.all([
      row ? undefined : queries.invalidateQueries({ queryKey: rowKey(resource.name, id) }),
      queries.invalidateQueries({ queryKey: ["history", resource.name, id] }),
      queries.invalidateQueries({ queryKey: [resource.name] }),
    ]);
  };
  return { ...query, changed };
};
