// Who may call from a browser. `/v1` takes bearer credentials only, so any origin is safe as long as credentials mode is
// never allowed; LANDFALL_CORS_ORIGINS narrows it.

const exposed = "ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Idempotency-Replayed";
const allowedHeaders =
  "Authorization, DPoP, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Request-Id, Traceparent, X-Landfall-Explain, X-Landfall-Explain-As";

export interface Cors {
  /** True when the answer depends on the origin, so that caches must know. */
  readonly narrowed: boolean;
  /** Headers of an actual answer under `/v1`. */
  answer(origin: string | undefined): readonly string[];
  /** Headers of a preflight's 204; null: this origin may not. */
  preflight(origin: string | undefined, methods: string): readonly string[] | null;
  /** True when a browser page of this origin is the console's own, or no browser page at all. */
  isSameOrigin(origin: string | undefined, fetchSite: string | undefined, host: string | undefined): boolean;
}

export function createCors(origins: readonly string[], publicUrl: string): Cors {
  const own = new URL(publicUrl);
  const listed = new Set([...origins, own.origin]);
  const anyOrigin = ["Access-Control-Allow-Origin", "*", "Access-Control-Expose-Headers", exposed];
  const answer = (origin: string | undefined): readonly string[] => {
    if (origins.length === 0) return anyOrigin;
    if (origin === undefined || !listed.has(origin)) return [];
    return ["Access-Control-Allow-Origin", origin, "Access-Control-Expose-Headers", exposed];
  };
  return {
    narrowed: origins.length > 0,
    answer,
    preflight(origin, methods) {
      const allowed = answer(origin);
      if (allowed.length === 0) return null;
      return [...allowed.slice(0, 2), "Access-Control-Allow-Methods", methods, "Access-Control-Allow-Headers",
        allowedHeaders, "Access-Control-Max-Age", "7200"]; // biome-ignore format: pairs
    },
    isSameOrigin(origin, fetchSite, host) {
      if (origin === undefined) return fetchSite === undefined || fetchSite === "same-origin" || fetchSite === "none";
      return origin === own.origin || (isLocal(own) && sameHost(origin, host));
    },
  };
}

// Without a public URL, or with a bare address of the local network (start --lan), the operator opens the console under
// whatever address the machine has. The browser, not the page, sets Origin and Host, so their agreement proves the same
// site; DNS rebinding is met by the bearer credential.
function isLocal({ hostname, protocol }: URL): boolean {
  return hostname === "localhost" || (protocol === "http:" && isPrivateAddress(hostname));
}

function isPrivateAddress(hostname: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)[\d.]+$/.test(hostname);
}

function sameHost(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}
