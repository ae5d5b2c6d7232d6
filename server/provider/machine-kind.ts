// Access tokens that a program asked for in its own name (client_credentials): an API key's reach with a token's short life.
import { decodeJwt } from "jose";
import { type CredentialKind, looksLikeAccessToken, type SharedSignIn } from "../auth/index.ts";
import type { Actor } from "../kernel/actor.ts";
import type { Db } from "../kernel/db/index.ts";
import { type ClientRow, clientById } from "./client-store.ts";

const ownName = "client:";

export function machineKind(db: Db, { accessTokens }: SharedSignIn): CredentialKind {
  return {
    matches: (token) => looksLikeAccessToken(token) && sessionOf(token).startsWith(ownName),
    async find(token) {
      const claims = await accessTokens.verify(token);
      if (claims === undefined) return undefined;
      const id = claims.sessionId.slice(ownName.length);
      if (claims.subject !== id || claims.clientId !== id) return undefined;
      const client = await clientById(db, id);
      if (client?.type !== "machine") return undefined;
      return {
        subjects: [`client:${id}`],
        stamp: JSON.stringify(client.grants),
        keyThumbprint: claims.keyThumbprint,
        expiresAtMs: claims.expiresAtMs,
        makeActor: () => machineActor(client),
      };
    },
  };
}

/** Unverified: only which kind is to look at it. */
function sessionOf(token: string): string {
  try {
    return String(decodeJwt(token).sid);
  } catch {
    return "";
  }
}

function machineActor({ id, grants }: ClientRow): Actor {
  const collections = Object.fromEntries(grants.map(({ collection, actions }) => [collection, actions]));
  const reads = new Set(["list", "get"]);
  const readOnly = grants.every(({ actions }) => actions.every((action) => reads.has(action)));
  return {
    kind: "key",
    label: `client:${id}`,
    passesRules: true,
    seesHidden: false,
    auth: { signedIn: false, roles: [], teams: [], claims: {} },
    scope: { collections, readOnly, extra: [] },
  };
}
