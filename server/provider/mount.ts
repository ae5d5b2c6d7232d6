// Hands requests to the protocol. What it reads of the outside is written here: scheme and host are those of the public URL, the
// address is the one that the pipeline found behind trusted proxies, and no forwarded header of the client's reaches it (T09).
import { IncomingMessage } from "node:http";
import type { ProtocolCall, ProtocolMount } from "../kernel/http/index.ts";
import { pagePolicy } from "./pages.ts";
import type { Protocol } from "./protocol.ts";
import { protocolRoutes } from "./protocol-configuration.ts";

const routes = protocolRoutes;

const paths = {
  "/.well-known/openid-configuration": "oauthDiscovery",
  "/.well-known/oauth-authorization-server": "oauthDiscovery",
  [routes.authorization]: "oauthAuthorize",
  [`${routes.authorization}/{uid}`]: "oauthResume",
  [routes.token]: "oauthToken",
  [routes.pushed_authorization_request]: "oauthPush",
  [routes.device_authorization]: "oauthDeviceAuthorize",
  [routes.code_verification]: "oauthDevice",
  [`${routes.code_verification}/{uid}`]: "oauthDeviceResume",
  [routes.introspection]: "oauthIntrospect",
  [routes.revocation]: "oauthRevoke",
  [routes.registration]: "oauthRegister",
  [routes.end_session]: "oauthSignOut",
  [`${routes.end_session}/confirm`]: "oauthSignOutConfirm",
  [`${routes.end_session}/success`]: "oauthSignedOut",
};

export function protocolMount(protocol: Protocol, publicUrl: string): ProtocolMount {
  const outside = new URL(publicUrl);
  return {
    paths,
    // Forms with a token or an assertion in them; nothing here is large.
    bodyLimitBytes: 48 * 1024,
    policy: pagePolicy,
    serve: async (call) => {
      const { handle } = await protocol.current();
      await handle(requestOf(call, outside), call.response);
    },
  };
}

const ofTheWay = /^(?:forwarded|x-forwarded-.*|x-real-ip|x-original-.*|x-rewrite-url|host|transfer-encoding|connection|expect)$/; // biome-ignore format: one line

/** The request as the protocol sees it, with the body that the pipeline has read. */
export function requestOf({ request, body, ip, requestId }: ProtocolCall, outside: URL): IncomingMessage {
  const made = new IncomingMessage(request.socket);
  made.method = request.method as string;
  made.url = request.url as string;
  made.httpVersion = request.httpVersion;
  const kept = Object.entries(request.headers).filter(([name]) => !ofTheWay.test(name));
  made.headers = {
    ...Object.fromEntries(kept),
    host: outside.host,
    "x-forwarded-host": outside.host,
    "x-forwarded-proto": outside.protocol.slice(0, -1),
    "x-forwarded-for": ip,
    "x-request-id": requestId,
    ...(body.length > 0 && { "content-length": String(body.length) }),
  };
  made.push(body);
  made.push(null);
  made.complete = true;
  return made;
}
