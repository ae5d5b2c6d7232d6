// Passwords: argon2id from Node's own crypto, kept in PHC form so that the cost can grow and old hashes still verify.
// A password is taken verbatim (no trimming, no case change, no Unicode normalisation) and hashed whole, whatever its bytes.
import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { errors } from "./errors.ts";
import { foreignPassword } from "./password-foreign.ts";

export interface PasswordCost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** OWASP's argon2id minimum: 19 MiB, two passes, one lane. */
export const passwordCost: PasswordCost = { memoryKiB: 19_456, passes: 2, lanes: 1 };

const tagLength = 32;
const saltLength = 16;
/** What a hash read from the database may ask for at most; a damaged row must not take the machine down. */
const memoryKiBMax = 262_144;
const passesMax = 10;

export interface PasswordHasher {
  /** PHC string `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. */
  hash(password: string): Promise<string>;
  /** Always hashes once. With `stored` null it works on a dummy of today's cost and is false. */
  verify(password: string, stored: string | null): Promise<boolean>;
  /** The hash was made with other parameters than today's. */
  isOutdated(stored: string): boolean;
}

export interface PasswordHasherOptions {
  readonly cost?: PasswordCost;
  /** Hashes at work at once. They hold libuv threads, of which there are four by default: two stay free for the rest. */
  readonly concurrencyMax?: number;
  /** Callers that wait at most; further ones are refused with 503 at once. */
  readonly waitingMax?: number;
}

export function createPasswordHasher(options: PasswordHasherOptions = {}): PasswordHasher {
  const cost = options.cost ?? passwordCost;
  const inTurn = bounded(options.concurrencyMax ?? 2, options.waitingMax ?? 128);
  const dummy = phc(cost, randomBytes(saltLength), randomBytes(tagLength));
  return {
    hash: (password) =>
      inTurn(async () => {
        const salt = randomBytes(saltLength);
        return phc(cost, salt, await derive(password, salt, cost));
      }),
    verify: (password, stored) =>
      inTurn(async () => {
        const known = stored === null ? undefined : parse(stored);
        const foreign = stored === null || known !== undefined ? undefined : foreignPassword(stored);
        if (foreign !== undefined) return foreign(password);
        const { salt, tag, cost: spent } = known ?? (parse(dummy) as ParsedHash);
        const same = timingSafeEqual(await derive(password, salt, spent), tag);
        return known !== undefined && same;
      }),
    isOutdated: (stored) => {
      const spent = parse(stored)?.cost;
      return spent?.memoryKiB !== cost.memoryKiB || spent.passes !== cost.passes || spent.lanes !== cost.lanes;
    },
  };
}

function derive(password: string, salt: Buffer, cost: PasswordCost): Promise<Buffer> {
  const parameters = {
    message: Buffer.from(password, "utf8"),
    nonce: salt,
    parallelism: cost.lanes,
    tagLength,
    memory: cost.memoryKiB,
    passes: cost.passes,
  };
  return new Promise((resolve, reject) => {
    argon2("argon2id", parameters, (error, tag) => (error ? reject(error) : resolve(tag)));
  });
}

interface ParsedHash {
  readonly cost: PasswordCost;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

const form = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{43})$/;

function parse(stored: string): ParsedHash | undefined {
  const match = form.exec(stored);
  if (!match) return undefined;
  const [, memory, passes, lanes, salt, tag] = match as unknown as [string, string, string, string, string, string];
  const cost = { memoryKiB: Number(memory), passes: Number(passes), lanes: Number(lanes) };
  if (cost.memoryKiB > memoryKiBMax || cost.passes > passesMax || cost.passes < 1 || cost.lanes < 1) return undefined;
  if (cost.memoryKiB < 8 * cost.lanes) return undefined;
  return { cost, salt: Buffer.from(salt, "base64"), tag: Buffer.from(tag, "base64") };
}

function phc(cost: PasswordCost, salt: Buffer, tag: Buffer): string {
  const bare = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "");
  return `$argon2id$v=19$m=${cost.memoryKiB},t=${cost.passes},p=${cost.lanes}$${bare(salt)}$${bare(tag)}`;
}

/** Runs work at most `concurrencyMax` at a time, first come first served, and refuses when `waitingMax` callers wait. */
function bounded(concurrencyMax: number, waitingMax: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running < concurrencyMax) running++;
    else if (waiting.length >= waitingMax) throw errors.password_checks_busy({ retryAfterSeconds: 2 });
    // The one who leaves hands its place over, so `running` stays as it is and nobody slips in between.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
