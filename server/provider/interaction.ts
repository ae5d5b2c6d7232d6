// A program's request that a person lets it in, between the moment it sent them here and their answer. It belongs to one browser:
// the protocol set a signed cookie there, which only the sign-in page's own calls carry (T31).
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Interaction } from "oidc-provider";
import type { Built, Protocol } from "./protocol.ts";
import { cookieNames, interactionSeconds } from "./protocol-configuration.ts";
import { scopesIn } from "./scopes.ts";

export interface OpenInteraction {
  readonly interaction: Interaction;
  readonly built: Built;
  readonly clientId: string;
  readonly scopes: readonly string[];
}

/** Undefined when it is over, was never there, or is another browser's. */
export async function openInteraction(
  protocol: Protocol,
  uid: string,
  cookie: string | undefined,
): Promise<OpenInteraction | undefined> {
  // Whoever was not sent here by the protocol does not get it loaded either.
  if (cookie?.includes(`${cookieNames.interaction}=`) !== true) return undefined;
  const built = await protocol.current();
  if (signedCookie(built, cookie) !== uid) return undefined;
  const interaction = await built.provider.Interaction.find(uid);
  if (interaction === undefined || interaction.result !== undefined) return undefined;
  const { client_id, scope } = interaction.params;
  return { interaction, built, clientId: String(client_id), scopes: scopesIn(scope) };
}

/** The cookie's value, if its signature is ours. */
function signedCookie({ provider }: Built, cookie: string): string | undefined {
  const request = new IncomingMessage(new Socket());
  request.headers = { cookie };
  const { cookies } = provider.createContext(request, new ServerResponse(request));
  return cookies.get(cookieNames.interaction, { signed: true });
}

/**
 * Must the person prove anew who they are? `authenticatedAtMs` is when they did it last. `max_age` allows an age; `prompt=login`
 * wants it after the program asked.
 */
export function isTooOld({ prompt, params, exp }: Interaction, authenticatedAtMs: number, nowMs: number): boolean {
  const reasons: readonly string[] = prompt.reasons;
  const startedAtMs = (exp - interactionSeconds) * 1000;
  if (reasons.includes("login_prompt") && authenticatedAtMs < startedAtMs) return true;
  const maxAgeSeconds = params.max_age === undefined ? Number.NaN : Number(params.max_age);
  return !Number.isNaN(maxAgeSeconds) && nowMs - authenticatedAtMs > maxAgeSeconds * 1000;
}

/** Where the answer goes, for people: the host of a web address, the scheme of an app's. */
export function returnsTo(redirectUri: unknown): string | null {
  if (typeof redirectUri !== "string" || !URL.canParse(redirectUri)) return null;
  const { protocol, host } = new URL(redirectUri);
  return protocol === "https:" || protocol === "http:" ? host : protocol.slice(0, -1);
}
