/** Gives the components what the server said about itself. */
import { createContext, useContext, useMemo } from "react";

import { holds, type Caller, type Meta, type Resource } from "../api/meta";
import { AUDIT } from "../audit/resource";

const MetaContext = createContext<Meta | null>(null);

export const MetaProvider = MetaContext.Provider;

export const useMeta = (): Meta => {
  const meta = useContext(MetaContext);
  if (!meta) throw new Error("useMeta needs a MetaProvider");
  return meta;
};

export const useCaller = (): Caller => {
  const { caller } = useMeta();
  if (!caller) throw new Error("this page needs a caller");
  return caller;
};

/** Returns whether the caller holds a permission. */
export const useHolds = (permission: string): boolean => {
  const { is_superuser, permissions } = useCaller();
  return is_superuser || holds(permissions, permission);
};

export const useResource = (name: string): Resource | undefined => {
  const { resources } = useMeta();
  return useMemo(() => (name === AUDIT.name ? AUDIT : resources.find((resource) => resource.name === name)), [resources, name]);
};
