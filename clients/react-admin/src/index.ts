/** A data provider of react-admin for servers made with Atoll. */
export { listValue, filterQuery } from "./filters.js";
export { ApiError, Client, queryString, type ClientOptions, type Problem, type Query, type Refusal, type RequestOptions } from "./http.js";
export { MAX_OFFSET, Pages, type CursorStorage } from "./pages.js";
export {
  createDataProvider,
  type AtollDataProvider,
  type Impact,
  type ListMeta,
  type ProviderOptions,
  type RequestMeta,
  type Row,
} from "./provider.js";
