// When a person is asked. The library's own rules, and one more: the browser's session at the protocol counts only as long as
// the app's session that it came from.
import type { interactionPolicy, KoaContextWithOIDC, UnknownObject } from "oidc-provider";
import type { SignedIn } from "./signed-in.ts";

/** What the sign-in page's answer puts beside the library's own members. */
export type LoginResult = {
  readonly accountId: string;
  readonly ts: number;
  readonly amr: string[];
  readonly signedInBy: string;
};

export function policyOf(library: typeof interactionPolicy, signedIn: SignedIn): interactionPolicy.DefaultPolicy {
  const policy = library.base();
  const check = new library.Check(
    "signed_in_here",
    "End-User authentication is required",
    "login_required",
    async (ctx: KoaContextWithOIDC): Promise<boolean> => {
      const { session, result } = ctx.oidc;
      if (session === undefined) return true;
      const login = result?.login as unknown as LoginResult | undefined;
      // A check is the first place that sees both the answer and the session it belongs to.
      if (login !== undefined) await signedIn.remember(session.uid, login.signedInBy);
      return session.accountId !== undefined && (await signedIn.sessionOf(session.uid)) === undefined;
    },
    (): UnknownObject => ({}),
  );
  policy.get("login")?.checks.add(check);
  return policy;
}
