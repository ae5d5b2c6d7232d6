// The pipeline's door for app.ts. A room's route files take `route.ts`, and single rules of HTTP, from their own files.
export type { ExtendOpenApi } from "./openapi-route.ts";
export type { ProtocolCall, ProtocolMount } from "./protocol-mount.ts";
export type { Route } from "./route.ts";
export { createHttp } from "./server.ts";
export { defaultHttpSettings, type HttpSettings } from "./settings.ts";
