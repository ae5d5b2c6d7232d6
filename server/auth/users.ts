// The users of apps, put together: tokens, sessions and every way to sign in. The table of contents of this half of the room.
import type { Actor } from "../kernel/actor.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import type { Problem } from "../kernel/errors/index.ts";
import type { Route } from "../kernel/http/route.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import type { Outbound } from "../kernel/outbound.ts";
import type { Mailer } from "../mail/index.ts";
import { type AccessTokens, createAccessTokens } from "./access-token.ts";
import { accountAccessRoutes } from "./account-access-routes.ts";
import type { AccountAdminDeps } from "./account-admin.ts";
import { ownAccountRoutes } from "./account-own-routes.ts";
import { accountRoutes } from "./account-routes.ts";
import { accountTransferRoutes } from "./account-transfer-routes.ts";
import { anonymousRoutes } from "./anonymous-routes.ts";
import { type AppSettings, appAssociationRoutes } from "./app-association-routes.ts";
import { auditRoutes } from "./audit-routes.ts";
import { type AuthSettings, readAuthSettings } from "./auth-settings.ts";
import { settingsRoutes } from "./auth-settings-routes.ts";
import { createChallenges } from "./challenge.ts";
import type { CredentialKind } from "./credential.ts";
import { createProvenKey } from "./dpop.ts";
import { emailChangeRoutes } from "./email-change.ts";
import { emailSignInRoutes } from "./email-sign-in-routes.ts";
import { errors } from "./errors.ts";
import { createFactors } from "./factor.ts";
import { factorRoutes } from "./factor-routes.ts";
import { factorSignInRoutes } from "./factor-sign-in-routes.ts";
import { identityRoutes } from "./identity-routes.ts";
import { jwksRoute } from "./jwks-route.ts";
import { createIdTokens } from "./oauth-id-token.ts";
import type { Presets } from "./oauth-presets.ts";
import { providerRoutes } from "./oauth-provider-routes.ts";
import { createProviders } from "./oauth-providers.ts";
import { oauthRoutes } from "./oauth-routes.ts";
import { createUpstreams } from "./oauth-upstream.ts";
import type { Owners } from "./owner.ts";
import { createPasskeys } from "./passkey.ts";
import { passkeyRoutes } from "./passkey-routes.ts";
import type { PasswordHasher } from "./password.ts";
import { createBreachLookup } from "./password-breach.ts";
import { passwordChangeRoutes } from "./password-change.ts";
import { createPasswordPolicy } from "./password-policy.ts";
import { passwordSignInRoute } from "./password-sign-in.ts";
import { createRefreshTokens } from "./refresh-token.ts";
import type { SignInDeps } from "./sign-in-answer.ts";
import { signUpRoutes } from "./sign-up-routes.ts";
import { stepUpRoute } from "./step-up.ts";
import { teamInvitationRoutes } from "./team-invitation-routes.ts";
import { teamRoutes } from "./team-routes.ts";
import { createTokenKeys, type TokenKeys } from "./token-key.ts";
import type { UserCollection } from "./user-create.ts";
import { type ClientSessionOf, liveSession, type UserSessionOf, userActor, userKind } from "./user-kind.ts";
import { userRoutes } from "./user-routes.ts";
import { createUserSessions, type UserSessions } from "./user-session.ts";
import { endSession, type SessionEnd } from "./user-session-end.ts";
import type { LiveSession } from "./user-session-store.ts";
import { type UserRecords, userView } from "./user-views.ts";

/** What this half needs to know of collections; the registry of schemas is one. */
export interface UserCollections {
  current(): {
    readonly byName: ReadonlyMap<string, KindOfCollection>;
    readonly byId: ReadonlyMap<number, KindOfCollection>;
  };
}

interface KindOfCollection {
  readonly id: number;
  readonly name: string;
  readonly kind: string;
  readonly rules: { readonly create?: string | null };
}

export interface UsersOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly masterKey: MasterKey;
  readonly passwords: PasswordHasher;
  /** Issuer of tokens and base of every link; from the settings, never from a request. */
  readonly publicUrl: string;
  readonly outbound: Outbound;
  /** Others than the product's, for tests. */
  readonly presets?: Presets | undefined;
  readonly collections: UserCollections;
  readonly records: UserRecords;
  readonly owners: Owners;
  readonly mailer: Mailer;
  /** Where breached passwords are looked up, in place of the public service. */
  readonly breachRangeUrl?: string | undefined;
  readonly forget: (...subjects: string[]) => void;
}

/** What the provider shares with the app's own sign-in: keys, sessions, and who a session is. */
export interface SharedSignIn {
  readonly keys: TokenKeys;
  readonly accessTokens: AccessTokens;
  readonly sessions: UserSessions;
  readonly settingsOf: (db: Db, collectionId: number) => Promise<AuthSettings>;
  readonly collectionName: (collectionId: number) => string | undefined;
  /** Throws `auth_collection_not_found` (404). */
  readonly collectionOf: (name: string) => UserCollection;
  /** The app's own session behind an actor; undefined for whatever is no user, and for a client that a user let in. */
  readonly sessionOf: (actor: Actor) => UserSessionOf | undefined;
  /** What a client acts by; undefined for everybody else. */
  readonly clientSessionOf: (actor: Actor) => ClientSessionOf | undefined;
  /** Undefined when it ended, expired, was idle too long, or its account is suspended. */
  readonly liveSession: (db: Db, id: string, nowMs: number) => Promise<LiveSession | undefined>;
  readonly actorOf: (session: LiveSession) => Actor;
  /** The record as its own user may see it. */
  readonly recordOf: (ctx: Context, session: LiveSession) => Promise<{ readonly [field: string]: unknown }>;
  readonly sessionRequired: () => Problem;
  readonly credentialInvalid: () => Problem;
  /** Here at once, elsewhere by the feed. False when it had ended already. */
  readonly endSession: (db: Db, end: SessionEnd) => Promise<boolean>;
  readonly forget: (...subjects: string[]) => void;
}

export interface Users {
  readonly kind: CredentialKind;
  readonly routes: readonly Route[];
  readonly sessionOf: (actor: Actor) => UserSessionOf | undefined;
  /** Once at the start: what the first request should not have to make. */
  prepare(): Promise<void>;
  readonly shared: SharedSignIn;
}

export function createUsers(options: UsersOptions): Users {
  const { db, clock, masterKey, mailer, passwords, publicUrl, outbound, collections, records, forget } = options;
  const keys = createTokenKeys(db, masterKey, clock);
  const accessTokens = createAccessTokens({ keys, clock, publicUrl });
  const refreshTokens = createRefreshTokens(db, masterKey);
  const handles = new WeakMap<Actor, UserSessionOf>();
  const clients = new WeakMap<Actor, ClientSessionOf>();
  const collectionName = (id: number) => collections.current().byId.get(id)?.name;
  const settingsOf = async (from: Db, collectionId: number) => (await readAuthSettings(from, collectionId)).settings;
  const sessions = createUserSessions({ accessTokens, refreshTokens, settingsOf, collectionName, forget });
  const sessionOf = (actor: Actor) => handles.get(actor);

  const collectionOf = (name: string): UserCollection => {
    const found = collections.current().byName.get(name);
    if (found?.kind !== "auth") throw errors.auth_collection_not_found();
    return { id: found.id, name: found.name, createRule: found.rules.create ?? null };
  };
  const target: SignInDeps["target"] = async (ctx: Context, name) => {
    const collection = collectionOf(name);
    return { collection, settings: await settingsOf(ctx.db, collection.id) };
  };
  const appsOf: AppSettings = async (ctx) => {
    const own = [...collections.current().byId.values()].filter(({ kind }) => kind === "auth");
    return Promise.all(own.map(async ({ id }) => (await settingsOf(ctx.db, id)).apps));
  };
  const challenges = createChallenges(masterKey);
  const passkeys = createPasskeys({ challenges, publicUrl, settingsOf });
  const factors = createFactors(masterKey);
  const provenKey = createProvenKey(publicUrl);
  const targetById: SignInDeps["targetById"] = async (ctx, id) => {
    const name = collectionName(id);
    if (name === undefined) throw errors.code_invalid();
    return target(ctx, name);
  };
  const policy = createPasswordPolicy(createBreachLookup(options.breachRangeUrl));
  const signIn: SignInDeps = {
    ...{ records, sessions, challenges, factors, passkeys, provenKey, target, targetById, settingsOf, sessionOf },
    ...{ passwords, policy, mailer, publicUrl, forget },
  };
  const own = { ...signIn, sessionOf, collectionName };
  const withFactors = { ...own, issuer: new URL(publicUrl).host };
  const providers = createProviders({ masterKey, publicUrl, presets: options.presets });
  const upstreamOf = createUpstreams(outbound);
  const oauth = { ...signIn, providers, upstreamOf, publicUrl, idTokens: createIdTokens(outbound) };
  const managing: AccountAdminDeps = {
    ...{ collectionOf, collectionName, settingsOf, records, sessions, publicUrl, forget },
    ...{ challenges, passwords, owners: options.owners },
  };

  const actorOf = (session: LiveSession) => userActor(session, collectionName(session.account.collectionId) ?? "");
  return {
    kind: userKind({ db, accessTokens, settingsOf, collectionName, sessions: handles, clients }),
    sessionOf,
    prepare: async () => void (await Promise.all([keys.published(), refreshTokens.prepare()])),
    shared: {
      ...{ keys, accessTokens, sessions, settingsOf, collectionName, collectionOf, sessionOf, actorOf, forget },
      clientSessionOf: (actor) => clients.get(actor),
      sessionRequired: () => errors.user_session_required(),
      credentialInvalid: () => errors.credential_invalid(),
      endSession: async (from, end) => {
        const ended = await endSession(from, end);
        if (ended) forget(`userSession:${end.sessionId}`);
        return ended;
      },
      liveSession: (from, id, nowMs) => liveSession({ db: from, settingsOf }, id, nowMs),
      recordOf: async (ctx, session) => {
        const collection = collectionName(session.account.collectionId) ?? "";
        const view = await userView({ ...ctx, actor: actorOf(session) }, records, collection, session.account.recordId);
        return view as { readonly [field: string]: unknown };
      },
    },
    routes: [
      jwksRoute(keys),
      ...appAssociationRoutes(appsOf),
      ...settingsRoutes({ collectionOf, buttons: providers.buttons, mailer }),
      ...userRoutes(own),
      stepUpRoute(own),
      ...anonymousRoutes(signIn),
      ...factorSignInRoutes(withFactors),
      ...factorRoutes(withFactors),
      ...passkeyRoutes(own),
      ...providerRoutes({ collectionOf, masterKey, outbound, providers, upstreamOf }),
      ...oauthRoutes(oauth),
      ...identityRoutes({ ...oauth, sessionOf, collectionName }),
      ...accountRoutes(managing),
      ...accountAccessRoutes(managing),
      ...accountTransferRoutes(managing),
      ...ownAccountRoutes({ ...managing, sessionOf }),
      ...teamRoutes({ ...managing, sessionOf }),
      ...teamInvitationRoutes({ ...managing, sessionOf }),
      ...auditRoutes({ collectionName, sessionOf }),
      ...signUpRoutes(signIn),
      passwordSignInRoute(signIn),
      ...passwordChangeRoutes(signIn),
      ...emailSignInRoutes(signIn),
      ...emailChangeRoutes(signIn),
    ],
  };
}
