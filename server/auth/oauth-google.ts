// The driver of Google: passport with passport-google-oauth20, asked outside of Express. The strategy takes state and PKCE from
// our challenges, speaks through the guarded way out, and its answer is the user's document, fetched over TLS from Google.
import type { Outbound } from "../kernel/outbound.ts";
import { identityOf } from "./oauth-claims.ts";
import { type Driver, type Kept, UpstreamError } from "./oauth-driver.ts";
import type { Endpoints } from "./oauth-presets.ts";
import type { Provider } from "./oauth-types.ts";

type Done = (error: Error | null, ...rest: unknown[]) => void;

/** What the strategy asks of whoever keeps its state. Five and four parameters: passport tells the kinds of stores apart by them. */
interface StateStore {
  store(request: unknown, verifier: string, state: unknown, meta: unknown, done: Done): void;
  verify(request: unknown, state: string, meta: unknown, done: Done): void;
}

/** One run of passport: where it sends the browser, or whom it found. */
type Outcome = { readonly location: string } | { readonly document: unknown };

export function googleDriver(outbound: Outbound): Driver {
  return (provider) => ({
    async authorize(remember) {
      const never: StateStore["verify"] = (_request, _state, _meta, done) => done(null, false);
      const store: StateStore = {
        store: (_request, verifier, _state, _meta, done) => {
          remember({ verifier }).then((state) => done(null, state), done);
        },
        verify: never,
      };
      const outcome = await run(outbound, provider, store, {});
      if (!("location" in outcome)) throw new UpstreamError(`${provider.name}: no address to go to`);
      return new URL(outcome.location);
    },

    async identify({ parameters, kept, state }) {
      if ((parameters.get("iss") ?? provider.issuer) !== provider.issuer || parameters.get("code") === null)
        throw new UpstreamError(`${provider.name}: the answer is another provider's, or has no code`);
      const store: StateStore = {
        store: (_request, _verifier, _state, _meta, done) => done(new Error("nothing is begun here")),
        verify: (_request, given, _meta, done) => done(null, given === state ? verifierOf(kept) : false),
      };
      const outcome = await run(outbound, provider, store, Object.fromEntries(parameters));
      const document = "document" in outcome ? outcome.document : undefined;
      const said = { provider: provider.name, issuer: provider.issuer, document, claims: provider.preset.claims };
      const identity = identityOf(said);
      if (identity === undefined) throw new UpstreamError(`${provider.name} names no subject`);
      return identity;
    },
  });
}

const verifierOf = ({ verifier }: Kept) => verifier ?? false;

async function run(outbound: Outbound, provider: Provider, store: StateStore, query: object): Promise<Outcome> {
  const [{ default: passport }, { Strategy }] = await Promise.all([
    import("passport"),
    import("passport-google-oauth20"),
  ]);
  const { authorization, token, userInfo } = provider.preset.endpoints as Endpoints;
  const { clientId, scopes } = provider.config;
  const options = {
    ...{ clientID: clientId, clientSecret: provider.secret ?? "", callbackURL: provider.redirectUrl },
    ...{ authorizationURL: authorization, tokenURL: token, userProfileURL: userInfo },
    ...{ scope: [...(scopes ?? provider.preset.scopes)], pkce: true, store },
  };
  const strategy = new Strategy(options as never, (_access, _refresh, profile, done) => done(null, profile as never));
  speakThrough(outbound, strategy as never);
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      const said = saidBy(cause);
      reject(new UpstreamError(`${provider.name}: ${reasonOf(cause, said)}`, { cause, said }));
    };
    const response = {
      setHeader: (name: string, value: string) => {
        if (name === "Location") resolve({ location: value });
      },
      end: () => {},
    };
    const ended = (error: unknown, user: unknown) =>
      error || !user
        ? fail(error ?? "the answer was refused")
        : resolve({ document: (user as { _json: unknown })._json });
    const middleware = new passport.Passport().authenticate(strategy, { session: false }, ended);
    middleware({ query }, response, fail);
  });
}

/** The one function by which the strategy reaches the network, on the `_oauth2` that passport-oauth2 leaves to its users. */
function speakThrough(outbound: Outbound, strategy: { _oauth2: OAuthCaller }): void {
  const { _oauth2: caller } = strategy;
  caller.useAuthorizationHeaderforGET(true);
  caller._request = (method, url, headers, body, _token, done) => {
    const request = { method, headers: headers ?? {}, ...(body ? { body } : {}) };
    outbound
      .fetch(url, request)
      .then(async (answer) => [answer.status, await answer.text()] as const)
      .then(
        ([status, text]) => (status === 200 ? done(null, text) : done({ statusCode: status, data: text })),
        (error) => done(error),
      );
  };
}

interface OAuthCaller {
  useAuthorizationHeaderforGET(use: boolean): void;
  _request(
    method: string,
    url: string,
    headers: Record<string, string> | null,
    body: string | null,
    accessToken: string | null,
    done: (error: unknown, text?: string) => void,
  ): void;
}

/** Passport wraps what was wrong; Google's own word for it, such as `invalid_client`, says most. */
function saidBy(cause: unknown): string | undefined {
  const { name, code } = (cause ?? {}) as { name?: unknown; code?: unknown };
  return (name === "TokenError" || name === "AuthorizationError") && typeof code === "string" ? code : undefined;
}

function reasonOf(cause: unknown, said: string | undefined): string {
  if (said !== undefined) return `the provider says ${said}`.slice(0, 300);
  const { oauthError } = (cause ?? {}) as { oauthError?: unknown };
  for (const error of [oauthError, cause]) if (error instanceof Error) return error.message;
  return "the answer was refused";
}
