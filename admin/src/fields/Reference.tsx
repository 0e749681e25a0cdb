/** The name of a row that another row refers to. The names of one page are read together. */
import { Link as MuiLink } from "@mui/material";
import { useReference } from "ra-core";
import { Link } from "react-router-dom";

import { allows } from "../api/meta";
import { useResource } from "../app/meta";

interface ReferenceProps {
  resource: string;
  id: number | string;
  isLink?: boolean;
}

export const Reference = ({ resource: name, id, isLink = true }: ReferenceProps) => {
  const resource = useResource(name);
  const canRead = allows(resource, "list");
  const title = resource?.title ?? "id";
  const { referenceRecord } = useReference({
    reference: name,
    id: canRead ? id : (null as unknown as number),
    options: { meta: { fields: title === "id" ? ["id"] : ["id", title] }, staleTime: 60_000 },
  });
  const label = referenceRecord ? String(referenceRecord[title] ?? `#${id}`) : `#${id}`;
  // A row that is gone, or that the caller cannot see, has no page.
  if (!isLink || !referenceRecord) return <>{label}</>;
  return (
    <MuiLink component={Link} to={`/${name}/${id}`} color="inherit">
      {label}
    </MuiLink>
  );
};
