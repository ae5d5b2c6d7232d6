// What is sent out once and comes back once: links, codes, the flows between two steps of a sign-in. One table, one way to spend:
// a single DELETE that gives the row to exactly one of any number of askers. Only hashes are stored, and what belongs to a
// challenge is sealed.
//
//   secret  192 random bits that the app holds between two steps; enough alone, unless there is a code
//   code    six digits that a person types: counts only together with the secret, and five times at most
//   link    192 random bits in a mail: enough alone
import { createHmac, randomInt } from "node:crypto";
import type { Db } from "../kernel/db/index.ts";
import { hashSecret, newSecret, uuidv7 } from "../kernel/ids.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import { product } from "../kernel/product.ts";

/** What a challenge is for; one made for one thing opens no other door (ASVS 9.2.2). */
export const challengePurposes = [
  "signUp",
  "signIn",
  "factor",
  "enrol",
  "passwordReset",
  "emailChange",
  "emailVerify",
  "oauthState",
  "oauthCode",
  "oauthLink",
  "passkeySignIn",
  "passkeyAdd",
  "invitation",
] as const;

export type ChallengePurpose = (typeof challengePurposes)[number];

/** What hangs on the credentials of an account as they are, and ends when one of them changes. */
export const perAccount: readonly ChallengePurpose[] = ["signIn", "factor", "passwordReset", "emailChange", "emailVerify", "oauthCode", "oauthLink", "passkeyAdd", "enrol"]; // biome-ignore format: one list

export interface NewChallenge {
  readonly purpose: ChallengePurpose;
  readonly lifeMs: number;
  readonly collectionId?: number | undefined;
  readonly accountId?: string | undefined;
  /** Six digits beside the secret. */
  readonly withCode?: boolean;
  readonly withLink?: boolean;
  /** Sealed with it. */
  readonly data?: unknown;
}

export interface MadeChallenge {
  readonly id: string;
  readonly secret: string;
  /** These two where asked for. */
  readonly code?: string;
  readonly link?: string;
  readonly expiresAtMs: number;
}

export interface SpentChallenge {
  readonly id: string;
  readonly collectionId: number | null;
  readonly accountId: string | null;
  readonly data: unknown;
}

export interface Challenges {
  make(db: Db, challenge: NewChallenge, nowMs: number): Promise<MadeChallenge>;
  /** By a secret without code, or by a link. Undefined: unknown, spent, expired, or for something else. */
  spend(db: Db, purpose: ChallengePurpose, secret: string, nowMs: number): Promise<SpentChallenge | undefined>;
  /** By secret and code; a wrong code costs a try, the last one the challenge. Must not run in a transaction that may roll back. */
  spendWithCode(
    db: Db,
    purpose: ChallengePurpose,
    given: GivenCode,
    nowMs: number,
  ): Promise<SpentChallenge | undefined>;
  /**
   * Spends a try of a flow whose code is checked elsewhere (a second factor), and looks: undefined when none is left. `spend` it
   * afterwards. Must not run in a transaction that may roll back.
   */
  attempt(db: Db, purpose: ChallengePurpose, secret: string, nowMs: number): Promise<SpentChallenge | undefined>;
  /** Looks without spending, for a page that asks before it acts. */
  peek(db: Db, purpose: ChallengePurpose, secret: string, nowMs: number): Promise<SpentChallenge | undefined>;
  /** Ends those of an account, when what they were made for has changed. */
  drop(db: Db, accountId: string, purposes: readonly ChallengePurpose[]): Promise<void>;
}

export interface GivenCode {
  readonly secret: string;
  readonly code: string;
}

interface Row {
  readonly id: string;
  readonly collectionId: number | null;
  readonly accountId: string | null;
  readonly sealed: string | null;
}

const iso = (ms: number) => new Date(ms).toISOString();
const answer = `id, "collectionId", "accountId", sealed`;

export function createChallenges(masterKey: MasterKey): Challenges {
  const opened = (row: Row | undefined): SpentChallenge | undefined =>
    row && {
      id: row.id,
      collectionId: row.collectionId,
      accountId: row.accountId,
      data: row.sealed === null ? undefined : JSON.parse(masterKey.open(row.sealed, context(row.id)).toString()),
    };

  return {
    async make(db, challenge, nowMs) {
      const id = uuidv7(nowMs);
      const secret = newSecret(product.secretPrefixes.challenge);
      const code = challenge.withCode ? String(randomInt(1_000_000)).padStart(6, "0") : undefined;
      const link = challenge.withLink ? newSecret(product.secretPrefixes.challenge) : undefined;
      const expiresAtMs = nowMs + challenge.lifeMs;
      await db.query({
        name: "auth_challenge_make",
        text: `INSERT INTO landfall.challenge (id, purpose, "collectionId", "accountId", "secretHash", "codeHash", "linkHash", sealed, "createdAt", "expiresAt")
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        values: [
          id,
          challenge.purpose,
          challenge.collectionId ?? null,
          challenge.accountId ?? null,
          hashSecret(secret),
          code === undefined ? null : codeHash(secret, code),
          link === undefined ? null : hashSecret(link),
          challenge.data === undefined ? null : masterKey.seal(JSON.stringify(challenge.data), context(id)),
          iso(nowMs),
          iso(expiresAtMs),
        ],
      });
      return { id, secret, ...(code !== undefined && { code }), ...(link !== undefined && { link }), expiresAtMs };
    },

    async spend(db, purpose, secret, nowMs) {
      const rows = await db.query<Row>({
        name: "auth_challenge_spend",
        text: `DELETE FROM landfall.challenge WHERE ("secretHash" = $1 AND "codeHash" IS NULL OR "linkHash" = $1)
                 AND purpose = $2 AND "expiresAt" > $3 RETURNING ${answer}`,
        values: [hashSecret(secret), purpose, iso(nowMs)],
      });
      return opened(rows[0]);
    },

    async spendWithCode(db, purpose, { secret, code }, nowMs) {
      // The try is spent before the code is compared, under the row's lock: parallel tries never exceed their number.
      const rows = await db.query<{ id: string; right: boolean }>({
        name: "auth_challenge_try",
        text: `UPDATE landfall.challenge SET "triesLeft" = "triesLeft" - 1
               WHERE "secretHash" = $1 AND purpose = $2 AND "expiresAt" > $3 AND "triesLeft" > 0 RETURNING id, "codeHash" = $4 AS right`,
        values: [hashSecret(secret), purpose, iso(nowMs), codeHash(secret, code)],
      });
      if (rows[0]?.right !== true) return undefined;
      const spent = await db.query<Row>({
        name: "auth_challenge_take",
        text: `DELETE FROM landfall.challenge WHERE id = $1 RETURNING ${answer}`,
        values: [rows[0].id],
      });
      return opened(spent[0]);
    },

    async attempt(db, purpose, secret, nowMs) {
      const rows = await db.query<Row>({
        name: "auth_challenge_attempt",
        text: `UPDATE landfall.challenge SET "triesLeft" = "triesLeft" - 1
               WHERE "secretHash" = $1 AND "codeHash" IS NULL AND purpose = $2 AND "expiresAt" > $3 AND "triesLeft" > 0 RETURNING ${answer}`,
        values: [hashSecret(secret), purpose, iso(nowMs)],
      });
      return opened(rows[0]);
    },

    async peek(db, purpose, secret, nowMs) {
      const rows = await db.query<Row>({
        text: `SELECT ${answer} FROM landfall.challenge WHERE ("secretHash" = $1 OR "linkHash" = $1)
                 AND purpose = $2 AND "expiresAt" > $3`,
        values: [hashSecret(secret), purpose, iso(nowMs)],
      });
      return opened(rows[0]);
    },

    async drop(db, accountId, purposes) {
      await db.query({
        text: `DELETE FROM landfall.challenge WHERE "accountId" = $1 AND purpose = ANY($2::text[])`,
        values: [accountId, purposes],
      });
    },
  };
}

const context = (id: string) => `challenge:${id}`;

/** Keyed by the flow's secret: the database alone does not let anybody try a million codes. */
const codeHash = (secret: string, code: string) => createHmac("sha256", secret).update(code).digest("hex");

export async function sweepChallenges(db: Db, nowMs: number): Promise<void> {
  await db.query({ text: `DELETE FROM landfall.challenge WHERE "expiresAt" <= $1`, values: [iso(nowMs)] });
}
