// Set-up, sign-in and the signed-in admin's own account over HTTP.
import { z } from "zod";
import type { Actor } from "../kernel/actor.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { defineTag } from "../kernel/http/tags.ts";
import { adminById, endSessions, hasAdmin, listSessions } from "./admin-store.ts";
import { errors } from "./errors.ts";
import type { PasswordHasher } from "./password.ts";
import { setUp } from "./setup.ts";
import { changePassword, type SignedIn, signIn } from "./sign-in.ts";
import {
  adminSchema,
  emailSchema,
  examples,
  givenPasswordSchema,
  newPasswordSchema,
  pageOf,
  sessionSchema,
  signedInSchema,
} from "./types.ts";

/** Whose session an actor is. */
export interface SessionOf {
  readonly adminId: string;
  readonly sessionId: string;
}

export interface AdminRouteDeps {
  readonly passwords: PasswordHasher;
  readonly sessionOf: (actor: Actor) => SessionOf | undefined;
  readonly forget: (...credentialIds: string[]) => void;
}

// No Idempotency-Key on any of them: a stored answer would keep a token in clear, spent password attempts must not roll
// back with the key's transaction, and a session must be gone from the database when its verdict is forgotten.
const tag = defineTag("Admin", "Set-up, sign-in and the signed-in admin's own account.");
const common = { tag, access: "admin", idempotent: false, cache: "no-store" } as const;

export function adminRoutes(deps: AdminRouteDeps): Route[] {
  return [
    setupStateRoute(),
    setupRoute(deps),
    signInRoute(deps),
    signOutRoute(deps),
    meRoute(deps),
    passwordRoute(deps),
    sessionsRoute(deps),
    endSessionRoute(deps),
  ];
}

const setupState = z.object({ needed: z.boolean() });
const credentials = { email: "owner@example.com", password: "correct horse battery staple" };
const signedIn = { description: "Signed in.", schema: signedInSchema, example: examples.signedIn };
const sessionErrors = ["admin_session_required"];

function setupStateRoute(): Route {
  return defineRoute({
    ...common,
    method: "GET",
    path: "/v1/setup",
    name: "getSetup",
    summary: "Ask whether set-up is still to be done",
    description: "Whether the first admin is still to be made.",
    access: "anyone",
    responses: { 200: { description: "The state.", schema: setupState, example: { needed: false } } },
    handler: async (ctx) => ({ status: 200, json: { needed: !(await hasAdmin(ctx.db)) } }),
  });
}

function setupRoute({ passwords }: AdminRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: "/v1/setup",
    name: "setUp",
    summary: "Make the first admin",
    description: "Takes the secret that the server printed at its start, makes the first admin and signs in.",
    bodyExample: { secret: "lf_setup_…", ...credentials },
    errors: ["setup_closed", "setup_secret_invalid", "password_checks_busy"],
    access: "anyone",
    body: z.strictObject({ secret: z.string().max(200), email: emailSchema, password: newPasswordSchema }),
    responses: { 201: signedIn },
    handler: async (ctx, { body, ip, headers }) => {
      const done = await setUp(ctx, passwords, { ...body, ip, agent: agentOf(headers) });
      return { status: 201, json: signedInView(done) };
    },
  });
}

function signInRoute({ passwords }: AdminRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: "/v1/admin/sign-in",
    name: "signInAdmin",
    summary: "Sign in as an admin",
    bodyExample: credentials,
    errors: ["sign_in_failed", "sign_in_throttled", "password_checks_busy"],
    description: "Answers alike, and takes as long, for an unknown address and for a wrong password.",
    access: "anyone",
    body: z.strictObject({ email: emailSchema, password: givenPasswordSchema }),
    responses: { 200: signedIn },
    handler: async (ctx, { body, ip, headers }) => {
      const done = await signIn(ctx, passwords, { ...body, ip, agent: agentOf(headers) });
      return { status: 200, json: signedInView(done) };
    },
  });
}

function signOutRoute({ sessionOf, forget }: AdminRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: "/v1/admin/sign-out",
    name: "signOutAdmin",
    summary: "Sign out",
    description: "Ends the session whose token is sent.",
    errors: sessionErrors,
    responses: { 204: { description: "Ended." } },
    handler: async (ctx) => {
      const { adminId, sessionId } = own(sessionOf(ctx.actor));
      await endSessions(ctx.db, adminId, { only: sessionId });
      forget(`session:${sessionId}`);
      ctx.log.info({ event: "signed_out", adminId, sessionId }, "admin signed out");
      return { status: 204 };
    },
  });
}

function meRoute({ sessionOf }: AdminRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "GET",
    path: "/v1/admin/me",
    name: "getAdminMe",
    summary: "Read the signed-in admin",
    description: "The admin whose session's token is sent.",
    errors: sessionErrors,
    responses: {
      200: {
        description: "The admin.",
        schema: adminSchema
          .extend({ mustChangePassword: z.boolean() })
          .meta({ id: "AdminMe", description: "The signed-in administrator." }),
        example: { ...examples.signedIn.admin, mustChangePassword: false },
      },
    },
    handler: async (ctx) => {
      const admin = await adminById(ctx.db, own(sessionOf(ctx.actor)).adminId);
      if (admin === undefined) throw errors.admin_session_required();
      const { id, email, role, passwordHash } = admin;
      return { status: 200, json: { id, email, role, mustChangePassword: passwordHash === null } };
    },
  });
}

function passwordRoute({ passwords, sessionOf, forget }: AdminRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: "/v1/admin/password",
    name: "changeAdminPassword",
    summary: "Change the password",
    bodyExample: { currentPassword: credentials.password, password: "another long password" },
    errors: [...sessionErrors, "password_wrong", "sign_in_throttled", "password_checks_busy"],
    description:
      "Sets a new password and ends all other sessions. `currentPassword` is left out only right after signing in with a one-time password.",
    body: z.strictObject({ currentPassword: givenPasswordSchema.optional(), password: newPasswordSchema }),
    responses: { 204: { description: "Changed." } },
    handler: async (ctx, { body }) => {
      const { currentPassword, password: newPassword } = body;
      const change = { ...own(sessionOf(ctx.actor)), currentPassword, newPassword };
      const ended = await changePassword(ctx, passwords, change);
      forget(...ended.map((id) => `session:${id}`));
      return { status: 204 };
    },
  });
}

function sessionsRoute({ sessionOf }: AdminRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "GET",
    path: "/v1/admin/sessions",
    name: "listAdminSessions",
    summary: "List your sessions",
    description: "The signed-in admin's live sessions, newest first.",
    errors: sessionErrors,
    responses: {
      200: {
        description: "The sessions.",
        schema: pageOf(sessionSchema),
        example: { items: [examples.session], nextCursor: null },
      },
    },
    handler: async (ctx) => {
      const { adminId, sessionId } = own(sessionOf(ctx.actor));
      const rows = await listSessions(ctx.db, adminId, ctx.nowMs);
      return {
        status: 200,
        json: { items: rows.map((row) => ({ ...row, current: row.id === sessionId })), nextCursor: null },
      };
    },
  });
}

function endSessionRoute({ sessionOf, forget }: AdminRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "DELETE",
    path: "/v1/admin/sessions/{id}",
    name: "endAdminSession",
    summary: "End a session",
    description: "Ends one of the signed-in admin's sessions; its token is dead at once.",
    errors: [...sessionErrors, "session_not_found"],
    params: z.object({
      id: z.string().min(1).max(64).meta({ description: "The session's id.", example: examples.session.id }),
    }),
    responses: { 204: { description: "Ended." } },
    handler: async (ctx, { params }) => {
      const { adminId } = own(sessionOf(ctx.actor));
      const ended = await endSessions(ctx.db, adminId, { only: params.id });
      if (ended.length === 0) throw errors.session_not_found();
      forget(`session:${params.id}`);
      ctx.log.info({ event: "session_ended", adminId, sessionId: params.id }, "admin session ended");
      return { status: 204 };
    },
  });
}

function own(session: SessionOf | undefined): SessionOf {
  if (session === undefined) throw errors.admin_session_required();
  return session;
}

function signedInView({ session, admin, mustChangePassword }: SignedIn) {
  return { token: session.token, expiresAt: session.expiresAt, admin, mustChangePassword };
}

/** Shown in the list of sessions; printable ASCII and short, whatever the client sent. */
function agentOf(headers: { readonly [name: string]: string | undefined }): string {
  return (headers["user-agent"] ?? "").replace(/[^ -~]/g, "").slice(0, 200);
}
