/** The pages of a signed-in user. */
import { useParams } from "react-router-dom";
import { Route, Routes } from "react-router-dom";

import { AccountPage } from "../account/AccountPage";
import { AuditPage } from "../audit/AuditPage";
import { Dashboard } from "../dashboard/Dashboard";
import { CreatePage } from "../form/CreatePage";
import { RowPage } from "../form/RowPage";
import { ImportPage } from "../import/ImportPage";
import { ListPage } from "../list/ListPage";
import { ExplainPage } from "../users/ExplainPage";
import type { Resource } from "../api/meta";
import { Layout } from "./Layout";
import { useResource } from "./meta";
import { NotFound } from "./NotFound";

export const Pages = () => (
  <Layout>
    <Routes>
      <Route path="/" element={<Dashboard />} />
      <Route path="/account/:tab?" element={<AccountPage />} />
      <Route path="/audit" element={<AuditPage />} />
      <Route path="/explain" element={<ExplainPage />} />
      <Route path="/:resource" element={<OfResource page={ListPage} />} />
      <Route path="/:resource/create" element={<OfResource page={CreatePage} />} />
      <Route path="/:resource/import" element={<OfResource page={ImportPage} />} />
      <Route path="/:resource/:id/:tab?" element={<OfResource page={RowPage} />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  </Layout>
);

/** Gives a page its resource. Another resource starts with a new page. */
const OfResource = ({ page: Page }: { page: (props: { resource: Resource }) => React.ReactNode }) => {
  const { resource: name = "" } = useParams();
  const resource = useResource(name);
  return resource ? <Page key={name} resource={resource} /> : <NotFound />;
};
