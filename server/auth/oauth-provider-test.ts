// Says what is wrong with a provider before a user finds out: asks it as a sign-in would, with a code that cannot be right, and
// reads from the refusal what it knows of us. Nothing of its pages is shown, only what they mean.
import { z } from "zod";
import { isLoopbackUrl, type Outbound } from "../kernel/outbound.ts";
import { type Driver, type Kept, UpstreamError } from "./oauth-driver.ts";
import type { Provider } from "./oauth-types.ts";

export const providerTestSchema = z
  .object({
    ok: z.boolean().meta({ description: "Nothing was found wrong." }),
    checks: z.array(
      z.object({
        name: z.enum(["returns", "discovery", "client", "redirect", "secret"]),
        verdict: z.enum(["right", "wrong", "unknown"]),
        says: z.string(),
      }),
    ),
  })
  .meta({ id: "SignInProviderTest", description: "What a provider says of how it is set up here." });

export type ProviderTest = z.output<typeof providerTestSchema>;
type Check = ProviderTest["checks"][number];

export interface ProviderTestDeps {
  readonly outbound: Outbound;
  readonly upstreamOf: Driver;
}

/** Where sign-ins of the collection may return to. */
export async function testProvider(
  deps: ProviderTestDeps,
  provider: Provider,
  redirects: readonly string[],
): Promise<ProviderTest> {
  const checks: Check[] = [returnsCheck(redirects)];
  const kept: { current: Kept } = { current: {} };
  const begun = await deps.upstreamOf(provider).authorize(async (keep) => {
    kept.current = keep;
    return testState;
  }).catch((error: unknown) => error as Error); // biome-ignore format: one line
  if (begun instanceof Error) checks.push({ name: "discovery", verdict: "wrong", says: begun.message });
  else {
    if (provider.preset.endpoints === undefined)
      checks.push({ name: "discovery", verdict: "right", says: `${provider.issuer} is found.` });
    checks.push(...(await askDoor(deps.outbound, provider, begun)), await askToken(deps, provider, kept.current));
  }
  return { ok: checks.every(({ verdict }) => verdict !== "wrong"), checks };
}

const testState = "landfall-test";

function returnsCheck(redirects: readonly string[]): Check {
  const name = "returns";
  if (redirects.length > 0) return { name, verdict: "right", says: "Sign-ins have an address to return to." };
  return { name, verdict: "unknown", says: "No address is listed that an app may return to: add it to `redirects`." };
}

/** The address that a user's browser would open: providers refuse there a client or a redirect they do not know. */
async function askDoor(outbound: Outbound, provider: Provider, address: URL): Promise<Check[]> {
  const answer = await outbound.fetch(address, { headers: { accept: "text/html" } }).catch((error: Error) => error);
  if (answer instanceof Error) return [{ name: "client", verdict: "unknown", says: answer.message }];
  const location = answer.headers.get("location") ?? "";
  const page = answer.status >= 400 ? await answer.text() : "";
  const refused = answer.status >= 400 || /[?&](error|authError)=|\/error\b/.test(location);
  const isRedirect = /redirect[_ -]?ur[il]/i.test(page + readable(location));
  if (!refused)
    return [
      { name: "client", verdict: "right", says: "The provider knows the client id." },
      { name: "redirect", verdict: "right", says: `${provider.redirectUrl} is registered.` },
    ];
  if (isRedirect) return [{ name: "redirect", verdict: "wrong", says: `Register ${provider.redirectUrl} at the provider${plainHint(provider)}.` }]; // biome-ignore format: one line
  return [{ name: "client", verdict: "wrong", says: "The provider refuses the request: check the client id and the scopes." }]; // biome-ignore format: one line
}

const plainHint = ({ redirectUrl }: Provider) =>
  redirectUrl.startsWith("http:") && !isLoopbackUrl(redirectUrl)
    ? "; it will take https only, so set LANDFALL_PUBLIC_URL to an https address"
    : "";

/** Google puts the reason into base64. */
function readable(location: string): string {
  const packed = /[?&]authError=([^&]+)/.exec(location)?.[1];
  return (
    location + (packed === undefined ? "" : Buffer.from(decodeURIComponent(packed), "base64url").toString("latin1"))
  );
}

/** The words by which a provider refuses the code but not us. */
const codeIsWrong = new Set(["invalid_grant", "bad_verification_code", "invalid_code"]);
const clientIsWrong = new Set(["invalid_client", "unauthorized_client", "incorrect_client_credentials"]);

async function askToken(deps: ProviderTestDeps, provider: Provider, kept: Kept): Promise<Check> {
  const parameters = new URLSearchParams({ code: "landfall-test", state: testState, iss: provider.issuer });
  const name = "secret";
  try {
    await deps.upstreamOf(provider).identify({ parameters, state: testState, kept });
    return { name, verdict: "unknown", says: "The provider took a code that cannot be right." };
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    if (codeIsWrong.has(error.said ?? "")) return { name, verdict: "right", says: "The provider takes the secret." };
    const verdict = clientIsWrong.has(error.said ?? "") ? "wrong" : "unknown";
    return { name, verdict, says: verdict === "wrong" ? `The secret is not this client's: ${error.message}.` : error.message }; // biome-ignore format: one line
  }
}
