// The server as an OAuth 2.1 and OpenID Connect provider: other programs sign this installation's users in. The door of this room.
import type { Logger } from "pino";
import type { CredentialKind, SharedSignIn } from "../auth/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Db } from "../kernel/db/index.ts";
import type { ProtocolMount, Route } from "../kernel/http/index.ts";
import type { Service } from "../kernel/lifecycle.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import { createSweeper } from "../kernel/sweeper.ts";
import { type ClientRouteDeps, clientRoutes } from "./client-routes.ts";
import { sweepRegistered } from "./client-store.ts";
import { interactionRoutes } from "./interaction-routes.ts";
import { machineKind } from "./machine-kind.ts";
import { protocolMount } from "./mount.ts";
import { createProtocol } from "./protocol.ts";
import { resourceMetadataRoutes } from "./resource-metadata-routes.ts";
import { settingsRoutes } from "./settings-routes.ts";
import { sweepStates } from "./state-store.ts";
import { userInfoRoutes } from "./user-info-route.ts";

export interface ProviderOptions {
  /** The pool, never a transaction. */
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly masterKey: MasterKey;
  readonly publicUrl: string;
  readonly shared: SharedSignIn;
  readonly collections: ClientRouteDeps["collections"];
  readonly sweepEveryMs?: number;
}

export interface Provider {
  readonly routes: readonly Route[];
  readonly mount: ProtocolMount;
  /** Tokens of programs that act for themselves. */
  readonly kind: CredentialKind;
  readonly sweeper: Service;
}

export function createProvider(options: ProviderOptions): Provider {
  const { db, clock, log, shared, collections, publicUrl } = options;
  const protocol = createProtocol(options);
  return {
    routes: [
      ...interactionRoutes({ protocol, shared }),
      ...userInfoRoutes(shared),
      ...clientRoutes({ shared, collections }),
      ...settingsRoutes(),
      ...resourceMetadataRoutes(shared),
    ],
    mount: protocolMount(protocol, publicUrl),
    kind: machineKind(db, shared),
    sweeper: createSweeper({
      name: "provider.sweep",
      db,
      clock,
      log,
      everyMs: options.sweepEveryMs ?? 3_600_000,
      sweeps: [sweepStates, sweepRegistered],
    }),
  };
}
