// What an owner alone may do, and what an owner confirms with the password: an open console on a lent laptop is a session, and
// a session is not enough to carry everything away.
import type { Actor } from "../kernel/actor.ts";
import type { Context } from "../kernel/context.ts";
import type { SessionOf } from "./admin-routes.ts";
import { type AdminRow, adminById } from "./admin-store.ts";
import { errors } from "./errors.ts";
import type { PasswordHasher } from "./password.ts";
import { checkPasswordAgain } from "./sign-in.ts";

type Asking = Pick<Context, "actor" | "db" | "nowMs" | "log">;

export interface Owners {
  /** The service and owners pass. Throws `owner_required` (403). */
  require(ctx: Asking): Promise<void>;
  /** Only an owner's session with the right password passes. Returns the admin's id. */
  confirm(ctx: Asking, password: string): Promise<string>;
}

export function createOwners(passwords: PasswordHasher, sessionOf: (actor: Actor) => SessionOf | undefined): Owners {
  async function owner(ctx: Asking): Promise<AdminRow> {
    const session = sessionOf(ctx.actor);
    const admin = session && (await adminById(ctx.db, session.adminId));
    if (admin === undefined) throw errors.admin_session_required();
    if (admin.role !== "owner") throw errors.owner_required();
    return admin;
  }
  return {
    async require(ctx) {
      if (ctx.actor.kind !== "service") await owner(ctx);
    },
    async confirm(ctx, password) {
      const admin = await owner(ctx);
      await checkPasswordAgain(ctx, passwords, admin, password);
      return admin.id;
    },
  };
}
