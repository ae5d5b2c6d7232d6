// Tells the operator when requests arrive under another host than the configured one: links would then lead elsewhere.

export interface Notice {
  readonly code: string;
  readonly message: string;
}

const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** `host` is the request's Host header. Names of the loopback are one host. */
export function hostNotice(publicUrl: string, host: string | undefined): Notice | undefined {
  if (host === undefined || host.length > 255) return undefined;
  const configured = new URL(publicUrl);
  const arrived = hostOf(configured.protocol, host);
  if (arrived === undefined || arrived === canonical(configured)) return undefined;
  return {
    code: "other_host",
    message: `Requests arrive at ${host}, but LANDFALL_PUBLIC_URL is ${configured.origin}. Set it to the address your users see.`,
  };
}

/** Undefined for a header that is no host: nothing an operator could mend. */
function hostOf(protocol: string, host: string): string | undefined {
  if (/[^\w.:[\]-]/.test(host)) return undefined;
  const url = `${protocol}//${host}`;
  return URL.canParse(url) ? canonical(new URL(url)) : undefined;
}

function canonical({ hostname, port }: URL): string {
  return `${loopback.has(hostname) ? "localhost" : hostname}:${port}`;
}
