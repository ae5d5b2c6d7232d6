// The users of apps, put together: tokens, sessions and every way to sign in. The table of contents of this half of the room.
import type { Actor } from "../kernel/actor.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import type { Route } from "../kernel/http/route.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import type { Mailer } from "../mail/index.ts";
import { createAccessTokens } from "./access-token.ts";
import { anonymousRoutes } from "./anonymous-routes.ts";
import { type AppSettings, appAssociationRoutes } from "./app-association-routes.ts";
import { readAuthSettings } from "./auth-settings.ts";
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
import { jwksRoute } from "./jwks-route.ts";
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
import { createTokenKeys } from "./token-key.ts";
import type { UserCollection } from "./user-create.ts";
import { type UserSessionOf, userKind } from "./user-kind.ts";
import { userRoutes } from "./user-routes.ts";
import { createUserSessions } from "./user-session.ts";
import type { UserRecords } from "./user-views.ts";

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
  readonly collections: UserCollections;
  readonly records: UserRecords;
  readonly mailer: Mailer;
  /** Where breached passwords are looked up, in place of the public service. */
  readonly breachRangeUrl?: string | undefined;
  readonly forget: (...subjects: string[]) => void;
}

export interface Users {
  readonly kind: CredentialKind;
  readonly routes: readonly Route[];
  readonly sessionOf: (actor: Actor) => UserSessionOf | undefined;
  /** Once at the start: what the first request should not have to make. */
  prepare(): Promise<void>;
}

export function createUsers(options: UsersOptions): Users {
  const { db, clock, masterKey, mailer, passwords, publicUrl, collections, records, forget } = options;
  const keys = createTokenKeys(db, masterKey, clock);
  const accessTokens = createAccessTokens({ keys, clock, publicUrl });
  const refreshTokens = createRefreshTokens(db, masterKey);
  const handles = new WeakMap<Actor, UserSessionOf>();
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

  return {
    kind: userKind({ db, accessTokens, settingsOf, collectionName, sessions: handles }),
    sessionOf,
    prepare: async () => void (await Promise.all([keys.published(), refreshTokens.prepare()])),
    routes: [
      jwksRoute(keys),
      ...appAssociationRoutes(appsOf),
      ...settingsRoutes({ collectionOf, mailer }),
      ...userRoutes(own),
      stepUpRoute(own),
      ...anonymousRoutes(signIn),
      ...factorSignInRoutes(withFactors),
      ...factorRoutes(withFactors),
      ...passkeyRoutes(own),
      ...signUpRoutes(signIn),
      passwordSignInRoute(signIn),
      ...passwordChangeRoutes(signIn),
      ...emailSignInRoutes(signIn),
      ...emailChangeRoutes(signIn),
    ],
  };
}
