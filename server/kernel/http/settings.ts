// What an operator may turn about HTTP. Values come from the config table; these are its defaults.

export interface HttpSettings {
  readonly host: string;
  readonly port: number;
  /** Origin of `LANDFALL_PUBLIC_URL`, e.g. `https://app.example`. https switches HSTS on. */
  readonly publicUrl: string;
  /** Addresses or CIDR ranges whose forwarded headers count. */
  readonly trustedProxies: readonly string[];
  /** Origins that may call `/v1` from a browser; empty: any. */
  readonly corsOrigins: readonly string[];
  readonly bodyLimitBytes: number;
  readonly headerLimitBytes: number;
  readonly urlLimitBytes: number;
  readonly connectionsMax: number;
  /** Header of a request must arrive within this. */
  readonly headersTimeoutMs: number;
  /** A JSON body must arrive within this. */
  readonly bodyTimeoutMs: number;
  /** `ctx.signal` aborts after this, except where the body is a stream. */
  readonly handlerDeadlineMs: number;
  /** Any request, streams too, must arrive within this. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** A socket on which no byte moves is closed: slow readers, stalled uploads. */
  readonly socketIdleTimeoutMs: number;
  /** Requests worked on at once; what comes on top is shed. */
  readonly inFlightMax: number;
  /** Places beyond `inFlightMax` that only admins get. Health and metrics need no place. */
  readonly inFlightReserved: number;
  /** Above this delay of the event loop new work is shed. */
  readonly loopDelayMaxMs: number;
  /** General limits per minute over all instances; 0: none. */
  readonly ratePerCredential: number;
  readonly ratePerAddress: number;
  /** While draining, kept-alive connections are still answered (with `Connection: close`) for this long. */
  readonly drainGraceMs: number;
  readonly drainDeadlineMs: number;
}

export const defaultHttpSettings: HttpSettings = {
  host: "127.0.0.1",
  port: 4710,
  publicUrl: "http://localhost:4710",
  trustedProxies: [],
  corsOrigins: [],
  bodyLimitBytes: 4 * 1024 * 1024,
  headerLimitBytes: 16 * 1024,
  urlLimitBytes: 8 * 1024,
  connectionsMax: 10_000,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  handlerDeadlineMs: 60_000,
  requestTimeoutMs: 600_000,
  // Longer than the usual 60 s of load balancers, so that they and not we close idle connections.
  keepAliveTimeoutMs: 65_000,
  socketIdleTimeoutMs: 120_000,
  inFlightMax: 256,
  inFlightReserved: 16,
  loopDelayMaxMs: 400,
  ratePerCredential: 60_000,
  ratePerAddress: 6_000,
  drainGraceMs: 500,
  drainDeadlineMs: 25_000,
};
