// What every way to speak to a provider has in common: two questions, where to send the browser and who came back, and one
// failure. How a provider is spoken to is its driver's matter.
import type { Provider, UpstreamIdentity } from "./oauth-types.ts";

/** What must be known again when the browser comes back. Sealed with the state. */
export interface Kept {
  /** PKCE, RFC 7636. */
  readonly verifier?: string | undefined;
  readonly nonce?: string | undefined;
}

export interface Upstream {
  /** Asks `remember` for the state under which what it keeps is found again. Rejects with an UpstreamError. */
  authorize(remember: (kept: Kept) => Promise<string>): Promise<URL>;
  /** Rejects with an UpstreamError for every answer that is not this provider's to this request. */
  identify(answer: UpstreamAnswer): Promise<UpstreamIdentity>;
}

export interface UpstreamAnswer {
  readonly parameters: URLSearchParams;
  /** That of the request; already spent, so this answer is the only one to it. */
  readonly state: string;
  readonly kept: Kept;
}

/** The provider could not be asked, or what it said cannot be believed. The message is for admins and the log. */
export class UpstreamError extends Error {
  /** The provider's own word for it, such as `invalid_client`; undefined when it said none. */
  readonly said: string | undefined;
  constructor(message: string, details: { readonly cause?: unknown; readonly said?: string | undefined } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "UpstreamError";
    this.said = details.said;
  }
}

export type Driver = (provider: Provider) => Upstream;
