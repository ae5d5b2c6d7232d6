// Sign-outs that the server has not heard of yet. The user is signed out here at once, whatever the network does; what ends
// the session on the server waits in the store and goes out at the next contact.
import { refreshRequest } from "./auth-session.ts";
import type { TokenStore } from "./auth-store.ts";
import type { Tokens } from "./auth-types.ts";
import { LandfallError } from "./error.ts";
import type { Transport } from "./transport.ts";

export interface SignOut {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly scope: "this" | "all";
}

export interface SignOuts {
  add(signOut: SignOut): Promise<void>;
  /** Sends what waits; what the network keeps back stays. Never rejects. */
  send(): Promise<void>;
}

/** Older ones end by themselves, by the server's idle limit. */
const waitingMax = 20;
const contactMs = 5_000;

/** `as` sends one request with this access token, without repeats. */
export function createSignOuts(
  key: string,
  store: TokenStore,
  open: Transport,
  as: (accessToken: string) => Transport,
): SignOuts {
  let sending: Promise<void> | undefined;
  const waiting = async (): Promise<SignOut[]> => {
    try {
      const list: unknown = JSON.parse((await store.getItem(key)) ?? "[]");
      return Array.isArray(list) ? (list as SignOut[]) : [];
    } catch {
      return [];
    }
  };
  const keep = async (list: readonly SignOut[]) =>
    list.length === 0 ? store.removeItem(key) : store.setItem(key, JSON.stringify(list.slice(-waitingMax)));

  async function end({ accessToken, refreshToken, scope }: SignOut): Promise<void> {
    const request = { method: "POST", path: "/v1/auth/sign-out", body: { scope } } as const;
    const limit = { timeoutMs: contactMs };
    try {
      await as(accessToken).send(request, limit);
    } catch (error) {
      if (!isRefused(error)) throw error;
      const renewed = await open.send(refreshRequest(refreshToken), limit);
      await as((renewed.json as Tokens).accessToken).send(request, limit);
    }
  }

  async function drain(): Promise<void> {
    for (let list = await waiting(); list[0] !== undefined; list = await waiting()) {
      const [first] = list;
      await end(first).catch((error: unknown) => {
        if (!isRefused(error)) throw error; // A session that is gone is what was wanted.
      });
      await keep((await waiting()).filter((one) => one.refreshToken !== first.refreshToken));
    }
  }

  return {
    async add(signOut) {
      await keep([...(await waiting()), signOut]);
    },
    send() {
      sending ??= drain()
        .catch(() => {})
        .finally(() => {
          sending = undefined;
        });
      return sending;
    },
  };
}

const isRefused = (error: unknown) => error instanceof LandfallError && [401, 403].includes(error.status);
