// What a request must be before anybody routes it: one whose host, target and framing every reader of it understands alike.
// Node's parser refuses most of what is ambiguous (RFC 9112 §6.3, §11.2); this is the rest.
import type { IncomingMessage } from "node:http";

/** RFC 3986 §3.2.2 without a user, and a port: a name, an IPv4 address or a bracketed one. */
const hostForm = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::\d{0,5})?$/;
const absoluteForm = /^https?:\/\/([^/?#]*)/i;

/** The target in origin form; undefined when the request must be refused and its connection ended. */
export function originForm(request: IncomingMessage): string | undefined {
  const { headers, httpVersion } = request;
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return undefined;
  if (!isHostSound(request) || !isFramingSound(request)) return undefined;
  const target = request.url as string;
  if (target.startsWith("/")) return target;
  // RFC 9112 §3.2.2: a client names the same host twice. One that does not wants to be read in two ways.
  const [prefix = "", authority = ""] = absoluteForm.exec(target) ?? [];
  if (prefix === "" || authority.toLowerCase() !== (headers.host ?? authority).toLowerCase()) return undefined;
  const rest = target.slice(prefix.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** RFC 9112 §3.2: exactly one Host, and a valid one. Node keeps the first of several, so the raw pairs are asked. */
function isHostSound({ headers, rawHeaders, httpVersion }: IncomingMessage): boolean {
  const { host } = headers;
  if (host === undefined) return httpVersion === "1.0";
  if (!hostForm.test(host)) return false;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  return hosts === 1;
}

/** RFC 9112 §6.1: chunks are all the coding we know, and HTTP/1.0 does not know it. */
function isFramingSound({ headers, httpVersion }: IncomingMessage): boolean {
  const coding = headers["transfer-encoding"];
  return coding === undefined || (httpVersion === "1.1" && coding.trim().toLowerCase() === "chunked");
}
