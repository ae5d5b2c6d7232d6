// Which of the app's own sessions stands behind the browser's session at the protocol. The row hangs on the app's session: when
// that ends, whoever ended it, the browser is signed in here no more, and the next program that asks gets a sign-in.
import type { SharedSignIn } from "../auth/index.ts";
import type { Db } from "../kernel/db/index.ts";
import type { StateStore } from "./state-store.ts";

const model = "SignedIn";
const lifeMs = 30 * 86_400_000;

export interface SignedIn {
  /** `uid` is the protocol session's. */
  remember(uid: string, sessionId: string): Promise<void>;
  /** The app's session, if it still counts. */
  sessionOf(uid: string): Promise<string | undefined>;
  forget(uid: string): Promise<void>;
}

export function createSignedIn(db: Db, store: StateStore, shared: SharedSignIn, now: () => number): SignedIn {
  return {
    async remember(uid, sessionId) {
      await store.put({ model, id: uid, payload: { sessionId }, grantId: sessionId, expiresAtMs: now() + lifeMs });
    },
    async sessionOf(uid) {
      const sessionId = (await store.byId(model, uid))?.payload.sessionId as string | undefined;
      if (sessionId === undefined) return undefined;
      return (await shared.liveSession(db, sessionId, now()))?.id;
    },
    forget: (uid) => store.remove(model, uid),
  };
}
