// The keys that sign what other programs verify: access tokens and the provider's tokens. ES256, sealed with the master key, and
// rotated: the next key is published before it signs, and the last one until nothing that it signed is alive.
//
//   |-- published, waits 1 d --|---- signs 90 d ----|-- verifies 1 d --|
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { Clock } from "../kernel/clock.ts";
import type { Db } from "../kernel/db/index.ts";
import { uuidv7 } from "../kernel/ids.ts";
import type { MasterKey } from "../kernel/master-key.ts";

const dayMs = 86_400_000;
const algorithm = "ES256";
const signsMs = 90 * dayMs;
const overlapMs = dayMs;
/** How long a process trusts its picture; a key id that it does not know makes it look again, once a second at most. */
const freshMs = 300_000;
/** No picture older than this is used while the next one is taken. */
const oldMs = overlapMs / 2;
const lookAgainMs = 1_000;

export interface SigningKey {
  readonly kid: string;
  readonly key: CryptoKey;
  readonly privateJwk: JWK;
}

export interface TokenKeys {
  signing(): Promise<SigningKey>;
  /** Every key that verifies now, the one that signs first. */
  all(): Promise<readonly SigningKey[]>;
  /** Undefined: no key of ours, or one whose time is over. */
  verifying(kid: string): Promise<CryptoKey | undefined>;
  /** RFC 7517 §5: what may verify now or will sign soon. */
  published(): Promise<{ readonly keys: readonly JWK[] }>;
}

interface Row {
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly privateSealed: string;
  readonly signsFrom: Date;
  readonly signsUntil: Date;
  readonly verifiesUntil: Date;
}

interface Picture {
  readonly rows: readonly Row[];
  readonly takenAtMs: number;
}

export function createTokenKeys(db: Db, masterKey: MasterKey, clock: Clock): TokenKeys {
  let picture: Picture | undefined;
  let taking: Promise<Picture> | undefined;
  const signers = new Map<string, Promise<SigningKey>>();
  const verifiers = new Map<string, Promise<CryptoKey>>();

  async function take(): Promise<Picture> {
    taking ??= read(db, masterKey, clock).then(
      (rows) => {
        picture = { rows, takenAtMs: clock.monotonicMs() };
        taking = undefined;
        return picture;
      },
      (error: unknown) => {
        taking = undefined;
        throw error;
      },
    );
    return taking;
  }

  const current = async (maxAgeMs = freshMs): Promise<readonly Row[]> => {
    const ageMs = picture === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() - picture.takenAtMs;
    // Keys are published a day before they sign, so a picture that has just grown old still serves whoever asks now. They may
    // hold a transaction, and must not wait for a connection that others hold who wait for that transaction.
    if (maxAgeMs === freshMs && ageMs >= freshMs && ageMs < oldMs) take().catch(() => {});
    const known = picture !== undefined && ageMs < (maxAgeMs === freshMs ? oldMs : maxAgeMs) ? picture : await take();
    const now = clock.now();
    return known.rows.filter((row) => row.verifiesUntil.getTime() > now);
  };

  const signer = (row: Row): Promise<SigningKey> => {
    const made = signers.get(row.kid) ?? openKey(row, masterKey);
    signers.set(row.kid, made);
    return made;
  };

  const signing = async (): Promise<Row> => {
    const now = clock.now();
    const may = (rows: readonly Row[]) =>
      rows.find((row) => row.signsFrom.getTime() <= now && now < row.signsUntil.getTime());
    const row = may(await current()) ?? may((await take()).rows);
    if (row === undefined) throw new Error("there is no key that may sign now");
    return row;
  };

  return {
    signing: async () => signer(await signing()),
    async all() {
      const first = await signing();
      return Promise.all([first, ...(await current()).filter(({ kid }) => kid !== first.kid)].map(signer));
    },
    async verifying(kid) {
      const of = (rows: readonly Row[]) => rows.find((row) => row.kid === kid);
      const row = of(await current()) ?? of(await current(lookAgainMs));
      if (row === undefined) return undefined;
      const made = verifiers.get(kid) ?? (importJWK(row.publicJwk, algorithm) as Promise<CryptoKey>);
      verifiers.set(kid, made);
      return made;
    },
    published: async () => ({ keys: (await current()).map((row) => row.publicJwk) }),
  };
}

/** All keys, after the one that must sign now and the one that comes next were made if they were missing. */
async function read(db: Db, masterKey: MasterKey, clock: Clock): Promise<readonly Row[]> {
  const now = clock.now();
  const rows = await select(db, now);
  if (lastsUntil(rows, now) - now > overlapMs) return rows;
  return db.transaction(async (tx) => {
    await tx.query({ text: "SELECT pg_advisory_xact_lock(7104710011)" });
    const fresh = await select(tx, now);
    const until = lastsUntil(fresh, now);
    if (until - now > overlapMs) return fresh;
    await insert(tx, masterKey, now, Math.max(now, until));
    return select(tx, now);
  });
}

/** Up to which moment some key may sign without a gap. */
function lastsUntil(rows: readonly Row[], now: number): number {
  return rows.reduce((until, row) => (row.signsFrom.getTime() <= until ? Math.max(until, row.signsUntil.getTime()) : until), now); // biome-ignore format: one line
}

async function select(db: Db, now: number): Promise<Row[]> {
  return db.query<Row>({
    text: `SELECT kid, "publicJwk", "privateSealed", "signsFrom", "signsUntil", "verifiesUntil" FROM landfall."signingKey"
           WHERE "verifiesUntil" > $1 ORDER BY "signsFrom", kid`,
    values: [new Date(now).toISOString()],
  });
}

async function insert(tx: Db, masterKey: MasterKey, now: number, signsFrom: number): Promise<void> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const kid = uuidv7(now);
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: "sig" };
  const sealed = masterKey.seal(JSON.stringify(await exportJWK(privateKey)), context(kid));
  const times = [now, signsFrom, signsFrom + signsMs, signsFrom + signsMs + overlapMs];
  await tx.query({
    text: `INSERT INTO landfall."signingKey" (kid, algorithm, "publicJwk", "privateSealed", "createdAt", "signsFrom", "signsUntil", "verifiesUntil")
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [kid, algorithm, JSON.stringify(publicJwk), sealed, ...times.map((ms) => new Date(ms).toISOString())],
  });
}

async function openKey(row: Row, masterKey: MasterKey): Promise<SigningKey> {
  const privateJwk = JSON.parse(masterKey.open(row.privateSealed, context(row.kid)).toString()) as JWK;
  return { kid: row.kid, key: (await importJWK(privateJwk, algorithm)) as CryptoKey, privateJwk };
}

const context = (kid: string) => `signingKey:${kid}.private`;
