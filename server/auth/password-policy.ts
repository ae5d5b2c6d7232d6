// Which passwords may be set. Length in code points, taken verbatim, no rules about signs (NIST SP 800-63B §3.1.1.2); not one of
// those that everybody tries, and, where an admin switched it on, not one that was found in a breach.
import type { Logger } from "pino";
import type { AuthSettings } from "./auth-settings.ts";
import { errors } from "./errors.ts";
import type { BreachLookup } from "./password-breach.ts";
import { isCommonPassword } from "./password-common.ts";

export interface PasswordPolicy {
  /** Rejects with `password_refused` (422). `names`: what others know the user by. */
  check(
    asked: { readonly password: string; readonly names: readonly string[] },
    settings: AuthSettings,
    log: Logger,
  ): Promise<void>;
}

export function createPasswordPolicy(isBreached: BreachLookup): PasswordPolicy {
  return {
    async check({ password, names }, settings, log) {
      const { lengthMin, breachLookup } = settings.methods.password;
      if ([...password].length < lengthMin)
        throw refused("too_short", `It must have at least ${lengthMin} characters.`);
      if (isCommonPassword(password)) throw refused("too_common", "It is one of the most common passwords.");
      if (isName(password, names)) throw refused("too_close", "It is your own name or address.");
      if (breachLookup && (await isBreached(password, log)))
        throw refused("breached", "It was found in a breach, so others have it and will try it.");
    },
  };
}

const isName = (password: string, names: readonly string[]) => {
  const lower = password.toLowerCase();
  return names.some((name) => lower === name.toLowerCase() || lower === name.toLowerCase().split("@")[0]);
};

const refused = (code: string, message: string) =>
  errors.password_refused({ issues: [{ path: "/password", code, message }] });
