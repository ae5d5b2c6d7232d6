// What of this room expires: sessions, challenges, proofs, and throttle rows whose budget is whole again.
import type { Service } from "../kernel/lifecycle.ts";
import { type SweeperOptions, createSweeper as sweeper } from "../kernel/sweeper.ts";
import { sweepSessions } from "./admin-store.ts";
import { sweepChallenges } from "./challenge.ts";
import { sweepCredentialChanges } from "./credential-feed.ts";
import { sweepProofs } from "./dpop.ts";
import { sweepSpentTokens } from "./identity-store.ts";
import { sweepLimits } from "./throttle.ts";
import { sweepUserSessions } from "./user-session-store.ts";

const sweeps: SweeperOptions["sweeps"] = [
  sweepSessions,
  sweepLimits,
  sweepUserSessions,
  sweepChallenges,
  sweepProofs,
  sweepSpentTokens,
  sweepCredentialChanges,
];

export const createSweeper = (options: Omit<SweeperOptions, "name" | "sweeps">): Service =>
  sweeper({ ...options, name: "auth.sweep", sweeps });
