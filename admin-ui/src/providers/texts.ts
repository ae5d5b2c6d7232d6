// The words of the providers screen.
import type { ProfileClaim, ProviderTest } from "../api/types.ts";

const claims: { readonly [claim in ProfileClaim]: string } = {
  name: "Name",
  givenName: "First name",
  familyName: "Last name",
  picture: "Picture (address)",
  username: "User name",
  locale: "Language",
};

const checks: { readonly [name in ProviderTest["checks"][number]["name"]]: string } = {
  returns: "Return to the app",
  discovery: "Issuer",
  client: "Client ID",
  redirect: "Redirect address",
  secret: "Client secret",
};

export const texts = {
  title: "Providers of sign-in",
  intro:
    "People sign in to your app with an account they have elsewhere. Who they are is decided by the provider's own id of them, never by an address alone.",
  add: "Add provider",
  emptyTitle: "Nobody signs in by a provider yet",
  emptyBody:
    "Google, Apple, GitHub, Microsoft and more take a client ID and a secret. Any OpenID Connect issuer takes its address too.",
  columns: { provider: "Provider", name: "Name", client: "Client ID", state: "State" },
  on: "on",
  off: "off",
  more: (name: string) => `Actions of ${name}`,
  change: "Change",
  test: "Test",
  remove: "Remove",
  removeTitle: (name: string) => `Remove “${name}”`,
  removeBody:
    "Nobody can sign in with it any more. Accounts stay, and work again when it is set up under the same name.",
  removed: (name: string) => `${name} removed`,
  saved: (name: string) => `${name} saved`,
  form: {
    title: "New provider",
    change: (name: string) => `Change ${name}`,
    preset: "Provider",
    name: "Name",
    nameHint: "Part of its addresses. Lower-case letters, digits and hyphens.",
    nameBad: "Begin with a letter; then lower-case letters, digits and hyphens, 31 at most.",
    nameTaken: "Another provider has this name.",
    steps: "At the provider",
    open: "Open its console",
    redirect: "Redirect address",
    below: "the address below",
    copyRedirect: "Copy the redirect address",
    clientId: "Client ID",
    secret: "Client secret",
    keyFile: "Key file (.p8)",
    keyFileHint: "The whole text, from BEGIN to END.",
    secretKept: "Leave empty to keep the stored one.",
    teamId: "Team ID",
    keyId: "Key ID",
    issuer: "Issuer",
    issuerHint: "The address below which /.well-known/openid-configuration is found.",
    label: "Name on the button",
    audiences: "Client IDs of native apps",
    audiencesHint: "Their id tokens are taken too.",
    fields: "Fill the record of a new user",
    claims,
    noField: "nothing",
    enabled: "People may sign in with it",
    submit: "Add provider",
    save: "Save provider",
  },
  testing: {
    title: (name: string) => `Test of ${name}`,
    running: "Asking the provider …",
    ok: "Nothing is wrong.",
    notOk: "Something is wrong.",
    checks,
    verdicts: { right: "right", wrong: "wrong", unknown: "not known" },
    again: "Test again",
  },
} as const;
