// The room's door: what app.ts and the rooms' route files use of the HTTP pipeline.
export { hasScope, isAdmin } from "./access.ts";
export { headerText } from "./answer.ts";
export { matchesNoneMatch, quoteTag, versionOfMatch } from "./entity-tag.ts";
export type { OpenApiDocument } from "./openapi.ts";
export type { ExtendOpenApi } from "./openapi-route.ts";
export type { Authenticate } from "./pipeline.ts";
export type { QueryTexts } from "./query-text.ts";
export { type Access, defineRoute, type Input, type Reply, type ResponseSpec, type Route } from "./route.ts";
export { createHttp, type Http, type HttpOptions } from "./server.ts";
export { defaultHttpSettings, type HttpSettings } from "./settings.ts";
export type { StaticMount } from "./static-files.ts";
export { textFault } from "./text-fault.ts";
export { unknownParameters } from "./validate.ts";
