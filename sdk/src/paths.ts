// Paths are built here only. Names and ids that the server would refuse are refused before a request is made, so that an id
// such as `../admin` or `?x` can never become another URL. What is missing is refused here too.
import { LandfallError } from "./error.ts";

const collectionName = /^[a-z][A-Za-z0-9]{0,62}$/;
const recordId = /^[A-Za-z0-9_-]{1,64}$/;

export function collectionPath(collection: string): string {
  if (typeof collection !== "string" || !collectionName.test(collection))
    throw invalid(`"${collection}" is no collection name.`);
  return `/v1/collections/${collection}`;
}

export function recordPath(collection: string, id: string): string {
  if (typeof id !== "string" || !recordId.test(id))
    throw invalid("A record id has 1 to 64 characters of A-Z a-z 0-9 _ -.");
  return `${collectionPath(collection)}/records/${id}`;
}

const providerName = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** base64url of up to 1,023 bytes (WebAuthn). */
const credentialId = /^[A-Za-z0-9_-]{1,1400}$/;
const authIds = { oauth: providerName, passkeys: credentialId, devices: recordId, sessions: recordId, identities: recordId, factors: recordId }; // biome-ignore format: one line
type AuthThing = keyof typeof authIds;

/** Of one thing of the signed-in user, or of a provider. */
export function authPath(kind: AuthThing, id: string, rest = ""): string {
  if (typeof id !== "string" || !authIds[kind].test(id)) throw invalid(`"${id}" is no id of ${kind}.`);
  return `/v1/auth/${kind}/${id}${rest}`;
}

/** An argument that must be there: JSON would drop an undefined one on the way, and the question would be another. */
export function required<Value>(value: Value, name: string): Value {
  if (value !== undefined && value !== null) return value;
  throw invalid(`${name} is ${value}.`);
}

function invalid(message: string): LandfallError {
  return new LandfallError({ code: "invalid_argument", message });
}
