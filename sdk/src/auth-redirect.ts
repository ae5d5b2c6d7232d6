// Signing in at another provider: what the app keeps between leaving and coming back (RFC 7636: the verifier never leaves
// it), and what it reads from the address it is called back with.
import type { TokenStore } from "./auth-store.ts";
import { base64url } from "./auth-token.ts";
import { LandfallError } from "./error.ts";

/**
 * What signing in at a provider needs of WebCrypto. Browsers and Node have it; React Native brings it by a package.
 *
 * @example
 * ```ts
 * const webCrypto: CryptoLike = globalThis.crypto;
 * const app = createClient({ url: "http://localhost:4710", schema, auth: { crypto: webCrypto } });
 * ```
 */
export interface CryptoLike {
  getRandomValues(bytes: Uint8Array<ArrayBuffer>): Uint8Array;
  readonly subtle: { digest(algorithm: "SHA-256", data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> };
}

/** Between leaving for a provider and coming back. */
export interface Departure {
  readonly provider: string;
  readonly verifier: string;
  readonly state: string;
  /** Adds an identity to whoever is signed in, instead of signing in. */
  readonly link: boolean;
}

export async function depart(
  name: string,
  store: TokenStore,
  crypto: CryptoLike | undefined,
  { provider, link }: Pick<Departure, "provider" | "link">,
): Promise<{ state: string; codeChallenge: string }> {
  // Not every crypto has subtle: pages on plain http do not. A verifier that can be guessed would protect nothing.
  if (crypto?.subtle === undefined)
    throw new LandfallError({
      code: "unsupported",
      message: "This runtime has no WebCrypto, which signing in at a provider needs.",
      advice: "Serve the page over https, or pass createClient({ auth: { crypto } }).",
    });
  const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
  const departure: Departure = { provider, link, verifier: random(), state: random() };
  await store.setItem(name, JSON.stringify(departure));
  const ascii = Uint8Array.from(departure.verifier, (character) => character.charCodeAt(0));
  const codeChallenge = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", ascii)));
  return { state: departure.state, codeChallenge };
}

/** The code that the address brings for the sign-in begun here; undefined when it is no way back at all. */
export async function arrive(
  name: string,
  store: TokenStore,
  url: string,
): Promise<{ code: string; departure: Departure } | undefined> {
  const { code, error, state } = parametersOf(url);
  if (state === undefined || (code === undefined && error === undefined)) return undefined;
  const departure = JSON.parse((await store.getItem(name)) ?? "null") as Departure | null;
  if (departure?.state !== state)
    throw new LandfallError({
      code: "redirect_unknown",
      message: "This sign-in was not begun here.",
      advice: "Begin again, in the app that is to be signed in.",
    });
  await store.removeItem(name);
  if (code !== undefined) return { code, departure };
  throw new LandfallError({
    code: error ?? "",
    message: error === "access_denied" ? "The sign-in was cancelled." : "The provider could not sign you in.",
    advice: "Try again, or sign in another way.",
  });
}

function parametersOf(url: string): Record<string, string | undefined> {
  const query = /\?([^#]*)/.exec(url)?.[1] ?? "";
  return Object.fromEntries(
    query.split("&").map((pair) => {
      const [name = "", value = ""] = pair.split("=");
      return [name, decoded(value)];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch {
    return text;
  }
}
