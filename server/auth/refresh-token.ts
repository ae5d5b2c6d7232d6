// Refresh tokens: opaque to everybody, and stored nowhere. A token is derived from a secret of the installation, the session and
// the number of the rotation, so the database holds nothing that could be presented, the successor of a token can be given a
// second time when the first answer was lost, and a token that was not made here never reaches the database.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Db } from "../kernel/db/index.ts";
import { installationSecret } from "../kernel/installation-secret.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import { product } from "../kernel/product.ts";

export interface RefreshToken {
  readonly sessionId: string;
  /** 0 for the first one of a session. */
  readonly rotation: number;
}

export interface RefreshTokens {
  make(token: RefreshToken): Promise<string>;
  /** Undefined: not one of ours. */
  read(text: string): Promise<RefreshToken | undefined>;
  /** Reads the secret ahead: the first sign-in may hold a transaction, and must not wait for a second connection. */
  prepare(): Promise<void>;
}

const prefix = product.secretPrefixes.refresh;
const idBytes = 16;
const headBytes = idBytes + 4;
const macBytes = 32;
const form = new RegExp(`^${prefix}[A-Za-z0-9_-]{${Math.ceil(((headBytes + macBytes) * 4) / 3)}}$`);

export function createRefreshTokens(db: Db, masterKey: MasterKey): RefreshTokens {
  let secret: Promise<Buffer> | undefined;
  const theSecret = () => {
    secret ??= installationSecret(db, masterKey, "refreshTokenSecret").catch((error: unknown) => {
      secret = undefined;
      throw error;
    });
    return secret;
  };
  return {
    prepare: async () => void (await theSecret()),
    async make({ sessionId, rotation }) {
      const head = Buffer.alloc(headBytes);
      head.write(sessionId.replaceAll("-", ""), "hex");
      head.writeUInt32BE(rotation, idBytes);
      return prefix + Buffer.concat([head, macOf(await theSecret(), head)]).toString("base64url");
    },
    async read(text) {
      if (!form.test(text)) return undefined;
      const bytes = Buffer.from(text.slice(prefix.length), "base64url");
      const head = bytes.subarray(0, headBytes);
      if (!timingSafeEqual(bytes.subarray(headBytes), macOf(await theSecret(), head))) return undefined;
      const hex = head.toString("hex", 0, idBytes);
      const sessionId = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
      return { sessionId: sessionId.join("-"), rotation: head.readUInt32BE(idBytes) };
    },
  };
}

const macOf = (secret: Buffer, head: Buffer) => createHmac("sha256", secret).update(head).digest();
