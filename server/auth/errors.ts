// Every code this room may answer with.
import { defineErrors } from "../kernel/errors/index.ts";

export const errors = defineErrors({
  credential_invalid: {
    status: 401,
    says: "The credential is malformed, unknown, expired or revoked.",
    advice: "Sign in again, or use a valid API key as `Authorization: Bearer <secret>`.",
  },
  sign_in_failed: {
    status: 401,
    says: "The e-mail address, user name or password is wrong.",
    advice: "Check them. A locked-out owner runs `landfall admin reset <email>` on the server.",
  },
  sign_in_throttled: {
    status: 429,
    says: "Too many attempts.",
    advice: "Wait as long as Retry-After says. A locked-out owner runs `landfall admin reset <email>` on the server.",
  },
  password_checks_busy: {
    status: 503,
    says: "Too many passwords are being checked at this moment.",
    advice: "Try again after Retry-After.",
  },
  password_wrong: {
    status: 403,
    says: "The current password is wrong.",
    advice: "Send the password you signed in with.",
  },
  owner_required: {
    status: 403,
    says: "Only an owner may do this.",
    advice: "Ask an owner of this installation.",
  },
  admin_input_invalid: {
    status: 422,
    says: "The e-mail address or the password cannot be used.",
    advice: "Use an ASCII e-mail address and a password of 8 to 1,000 characters.",
  },
  admin_session_required: {
    status: 403,
    says: "This call concerns the signed-in admin and needs an admin's session.",
    advice: "Sign in as an admin; a service key or API key has no account.",
  },
  admin_exists: {
    status: 409,
    says: "An admin with this e-mail address exists.",
    advice: "Use `landfall admin reset <email>` if the password is lost.",
  },
  admin_not_found: {
    status: 404,
    says: "There is no admin with this e-mail address.",
    advice: "Make one with `landfall admin create <email>`.",
  },
  setup_closed: {
    status: 409,
    says: "Set-up is finished: there is an admin.",
    advice: "Sign in.",
  },
  setup_secret_invalid: {
    status: 403,
    says: "The set-up secret is wrong or older than 24 hours.",
    advice: "Run `landfall setup-url` on the server, or restart it: it prints a new one.",
  },
  session_not_found: {
    status: 404,
    says: "You have no session with this id.",
    advice: "List your sessions with GET /v1/admin/sessions.",
  },
  user_session_required: {
    status: 403,
    says: "This call concerns the signed-in user and needs a user's session.",
    advice: "Sign in with POST /v1/auth/sign-in and send the access token.",
  },
  refresh_token_invalid: {
    status: 401,
    says: "The refresh token is unknown, expired, replaced or revoked.",
    advice: "Sign in again.",
  },
  device_key_required: {
    status: 401,
    says: "The session is bound to a key of its device, and this request did not prove to have it.",
    advice: "Send a DPoP proof (RFC 9449) made with the key the session was opened with.",
  },
  dpop_invalid: {
    status: 401,
    says: "The DPoP proof does not fit this request, is more than a minute off, or was used.",
    advice:
      "Make a new proof for each request (RFC 9449): `htm`, `htu` with the server's public URL, `iat` of now, a new `jti`.",
  },
  account_suspended: {
    status: 403,
    says: "The account is suspended.",
    advice: "Ask the people who run the app.",
  },
  impersonation_refused: {
    status: 403,
    says: "An admin who signed in as a user cannot do this for them.",
    advice: "Change the account in the console.",
  },
  step_up_required: {
    status: 401,
    says: "This change needs a sign-in that is more recent, or a second factor that this session has not shown.",
    advice:
      "Prove yourself again with POST /v1/auth/step-up, by one of `methods`, then repeat the call. With none: sign in again.",
  },
  flow_invalid: {
    status: 401,
    says: "This step was not begun here, is over, or took too long.",
    advice: "Begin again. A flow is good for one success, five tries and ten minutes.",
  },
  factor_wrong: {
    status: 401,
    says: "The code is wrong, or was used.",
    advice: "Send the code that the authenticator app shows now; each one counts once. Or send a recovery code.",
  },
  factor_not_found: {
    status: 404,
    says: "There is no such second factor.",
    advice: "List them with GET /v1/auth/factors. One that is not confirmed ends when another is begun.",
  },
  factor_limit: {
    status: 422,
    says: "The account has {max} second factors, which is the limit.",
    advice: "Remove one that is no longer used.",
  },
  passkey_invalid: {
    status: 401,
    says: "The passkey is unknown here, or its answer does not fit what was asked.",
    advice: "Ask for new options and let the user try again. Each answer counts once, within five minutes.",
  },
  passkey_not_found: {
    status: 404,
    says: "You have no passkey with this id.",
    advice: "List your passkeys with GET /v1/auth/passkeys.",
  },
  passkey_taken: {
    status: 409,
    says: "This passkey is registered already.",
    advice: "Sign in with it, or let the user choose another authenticator.",
  },
  passkey_limit: {
    status: 422,
    says: "The account has {max} passkeys, which is the limit.",
    advice: "Remove one that is no longer used.",
  },
  last_way_in: {
    status: 409,
    says: "This is the only way left to sign in to the account.",
    advice: "Set a password, or add another way, first.",
  },
  device_not_found: {
    status: 404,
    says: "You have no device with this id.",
    advice: "List your devices with GET /v1/auth/devices.",
  },
  auth_collection_not_found: {
    status: 404,
    says: "There is no collection of kind `auth` with this name.",
    advice: "Leave `collection` out for `users`, or name one that an admin made for users.",
  },
  method_disabled: {
    status: 403,
    says: "Signing in by {method} is switched off here.",
    advice: "GET /v1/auth/methods lists what is on; an admin switches methods on in the console.",
  },
  sign_up_closed: {
    status: 403,
    says: "Nobody can make an account by themselves here.",
    advice: "Ask the people who run the app for an invitation.",
  },
  handle_taken: {
    status: 409,
    says: "Another account has this {handle}.",
    advice: "Sign in to it, or choose another one.",
  },
  code_invalid: {
    status: 422,
    says: "The code or the link is wrong, used or expired.",
    advice: "Ask for a new one. A code counts only with the `flow` it was sent for, five times at most.",
  },
  email_unverified: {
    status: 403,
    says: "The account's e-mail address has not been confirmed.",
    advice: "Sign in once by POST /v1/auth/sign-in/email, or set a new password by e-mail: both confirm the address.",
  },
  email_not_verifiable: {
    status: 409,
    says: "There is no e-mail address to confirm.",
    advice: "The account has none, or it is confirmed. GET /v1/auth/me tells which.",
  },
  password_refused: {
    status: 422,
    says: "The password cannot be used.",
    advice: "`errors` says why. A few random words make a good one.",
  },
  profile_invalid: {
    status: 422,
    says: "The profile cannot be stored like this.",
    advice: "Mend what `errors` lists.",
  },
  profile_not_allowed: {
    status: 403,
    says: "A sign-up may set no fields here: the collection has no create rule.",
    advice: "Leave `profile` out, or let an admin set a create rule such as `id == auth.id`.",
  },
  provider_not_found: {
    status: 404,
    says: "There is no such provider of sign-in here, or it is switched off.",
    advice: "GET /v1/auth/methods lists those that are on.",
  },
  provider_invalid: {
    status: 422,
    says: "The provider cannot be set up like this.",
    advice: "Mend what `errors` lists.",
  },
  provider_failed: {
    status: 503,
    says: "The provider of sign-in cannot be reached, or does not answer as it should.",
    advice: "Try again after Retry-After. An admin sees what is wrong with the provider's test.",
  },
  provider_limit: {
    status: 422,
    says: "The collection has {max} providers, which is the limit.",
    advice: "Delete providers that are no longer used.",
  },
  redirect_not_allowed: {
    status: 400,
    says: "A sign-in may not return to this address.",
    advice: "Send one that stands in the collection's `redirects`, letter for letter.",
  },
  oauth_state_invalid: {
    status: 400,
    says: "This sign-in was not begun here, is over, or took longer than ten minutes.",
    advice: "Go back to the app and begin again.",
  },
  oauth_code_invalid: {
    status: 400,
    says: "The code is unknown, used, older than two minutes, or not this app's.",
    advice: "Begin again; send the `codeVerifier` whose challenge began the sign-in.",
  },
  id_token_invalid: {
    status: 401,
    says: "The id token is not this provider's for this app, has expired, was used, or holds another nonce.",
    advice: "Ask the provider for a new one, with a nonce made for this sign-in.",
  },
  identity_taken: {
    status: 409,
    says: "This identity signs in to another account.",
    advice: "Sign in with it, and unlink it there first.",
  },
  identity_not_found: {
    status: 404,
    says: "You have no identity with this id.",
    advice: "List your identities with GET /v1/auth/identities.",
  },
  account_not_found: {
    status: 404,
    says: "There is no user with this id in the collection.",
    advice: "List the users with GET /v1/collections/{collection}/accounts.",
  },
  account_part_not_found: {
    status: 404,
    says: "The user has no {part} with this id.",
    advice: "Read the user again: it may have been removed meanwhile.",
  },
  account_input_invalid: {
    status: 422,
    says: "The user cannot be stored like this.",
    advice: "Mend what `errors` lists.",
  },
  team_not_found: {
    status: 404,
    says: "There is no team with this id that you belong to.",
    advice: "List your teams with GET /v1/teams.",
  },
  team_creation_closed: {
    status: 403,
    says: "Users make no teams here.",
    advice: "Ask an admin to make one, or to switch `teams.usersCreate` on.",
  },
  team_member_not_found: {
    status: 404,
    says: "This user is no member of the team.",
    advice: "Read the team again. Who is not in it is invited by e-mail.",
  },
  team_owner_required: {
    status: 403,
    says: "Only an owner of the team may do this.",
    advice: "Ask a member with the role `owner`, or an admin of the app.",
  },
  team_role_not_yours: {
    status: 403,
    says: "You cannot give a role that you do not have.",
    advice: "Ask a member who has it, or an admin of the app.",
  },
  team_owner_last: {
    status: 409,
    says: "The team would be left without an owner.",
    advice: "Make another member an owner first, or delete the team.",
  },
  team_limit: {
    status: 422,
    says: "There are {max} of these, which is the limit.",
    advice: "Remove some, or use more than one team.",
  },
  invitation_not_yours: {
    status: 403,
    says: "The invitation was sent to another e-mail address, or yours is not proved.",
    advice: "Sign in with the account whose proved address was invited.",
  },
  auth_settings_invalid: {
    status: 422,
    says: "The settings cannot be like this.",
    advice: "Mend what `errors` lists.",
  },
  auth_settings_changed: {
    status: 409,
    says: "Somebody else has changed the settings meanwhile.",
    advice: "Read them again, and send your change with the new `revision`.",
  },
  api_key_not_found: {
    status: 404,
    says: "There is no API key with this id.",
    advice: "List the keys with GET /v1/api-keys.",
  },
  api_key_invalid: {
    status: 422,
    says: "The API key cannot be made like this.",
    advice: "Mend what `errors` lists.",
  },
  api_key_limit: {
    status: 422,
    says: "There are {max} API keys, which is the limit.",
    advice: "Delete keys that are no longer used.",
  },
});
