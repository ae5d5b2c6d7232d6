// The providers everybody asks for, as data: where they are, how they differ from the standard, what they say of a user, and
// what to click in their consoles. A new provider is a new entry; no code knows one by name.

/** A claim by its path in the provider's answer, such as `data.confirmed_email`. */
type ClaimPath = string;

export const profileClaims = ["name", "givenName", "familyName", "picture", "username", "locale"] as const;
export type ProfileClaim = (typeof profileClaims)[number];

export interface Claims {
  readonly subject: ClaimPath;
  readonly email?: ClaimPath;
  /** The claim by which the provider vouches for the address. `never`: it does not, whatever it answers. `always`: it gives out only addresses it has proved. */
  readonly emailVerified: ClaimPath | "never" | "always";
  readonly profile: { readonly [claim in ProfileClaim]?: ClaimPath };
}

export interface Preset {
  readonly label: string;
  /** `openid`: openid-client. `google`: passport-google-oauth20. */
  readonly driver: "openid" | "google";
  /** Half of the identity of its users; OpenID providers are discovered below it. Unset: the admin names it. */
  readonly issuer?: string;
  /** Other spellings of the issuer in its id tokens. */
  readonly issuerAliases?: readonly string[];
  /** Instead of discovery, for those that speak OAuth alone; such a provider gives no id tokens. */
  readonly endpoints?: Endpoints;
  readonly scopes: readonly string[];
  /** How the client proves itself at the token endpoint. `apple`: by a JWT that it signs for each use. */
  readonly clientAuth: "post" | "basic" | "apple";
  /** What a provider does not understand is not sent. Default: both are. */
  readonly pkce?: false;
  readonly nonce?: false;
  /** The provider posts its answer; the default is a redirect. */
  readonly responseMode?: "form_post";
  readonly parameters?: { readonly [name: string]: string };
  readonly claims: Claims;
  readonly setup: Setup;
}

export interface Endpoints {
  readonly authorization: string;
  readonly token: string;
  readonly userInfo: string;
  /** Answers a list of `{email, primary, verified}`, when the user's own document does not say which address is proved. */
  readonly emails?: string;
}

/** What an admin does at the provider; `{redirect}` is the callback address. */
export interface Setup {
  readonly url: string;
  readonly steps: readonly string[];
}

const openIdClaims: Claims = {
  subject: "sub",
  email: "email",
  emailVerified: "email_verified",
  profile: {
    ...{ name: "name", givenName: "given_name", familyName: "family_name" },
    ...{ picture: "picture", username: "preferred_username", locale: "locale" },
  },
};
const openIdScopes = ["openid", "email", "profile"];

export const presets = {
  google: {
    label: "Google",
    driver: "google",
    issuer: "https://accounts.google.com",
    issuerAliases: ["accounts.google.com"],
    endpoints: {
      authorization: "https://accounts.google.com/o/oauth2/v2/auth",
      token: "https://oauth2.googleapis.com/token",
      userInfo: "https://openidconnect.googleapis.com/v1/userinfo",
    },
    scopes: openIdScopes,
    clientAuth: "post",
    claims: openIdClaims,
    setup: {
      url: "https://console.cloud.google.com/auth/clients",
      steps: [
        "Make an OAuth client of the type Web application.",
        "Add {redirect} to Authorized redirect URIs.",
        "Copy client ID and client secret. For apps that sign in natively, make clients of the types iOS and Android too and list their ids as audiences.",
      ],
    },
  },
  apple: {
    label: "Apple",
    driver: "openid",
    issuer: "https://appleid.apple.com",
    scopes: ["name", "email"],
    clientAuth: "apple",
    // Apple answers by POST as soon as a name or an address is asked for.
    responseMode: "form_post",
    claims: openIdClaims,
    setup: {
      url: "https://developer.apple.com/account/resources/identifiers/list/serviceId",
      steps: [
        "Make a Services ID (it is the client id), switch on Sign in with Apple, and add {redirect} as a return URL. Apple takes https only.",
        "Make a key with Sign in with Apple; the .p8 file is the secret, its Key ID and your Team ID go beside it.",
        "For apps that sign in natively, list their bundle ids as audiences.",
      ],
    },
  },
  github: {
    label: "GitHub",
    driver: "openid",
    issuer: "https://github.com",
    endpoints: {
      authorization: "https://github.com/login/oauth/authorize",
      token: "https://github.com/login/oauth/access_token",
      userInfo: "https://api.github.com/user",
      emails: "https://api.github.com/user/emails",
    },
    scopes: ["read:user", "user:email"],
    clientAuth: "post",
    claims: {
      subject: "id",
      emailVerified: "never",
      profile: { name: "name", username: "login", picture: "avatar_url" },
    },
    setup: {
      url: "https://github.com/settings/developers",
      steps: [
        "Make an OAuth app with the authorization callback URL {redirect}.",
        "Copy the client ID and make a client secret.",
      ],
    },
  },
  microsoft: {
    label: "Microsoft",
    driver: "openid",
    issuer: "https://login.microsoftonline.com/common/v2.0",
    scopes: openIdScopes,
    clientAuth: "post",
    // Anybody may put any address into a tenant of their own; only this claim says that the domain is the tenant's.
    claims: { ...openIdClaims, emailVerified: "xms_edov" },
    setup: {
      url: "https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade",
      steps: [
        "Register an application with {redirect} as a redirect URI of the type Web, and make a client secret.",
        "For the people of one organisation only, set the issuer to https://login.microsoftonline.com/<tenant id>/v2.0.",
        "Add the optional claims email and xms_edov to the ID token: without the second, addresses count as not verified.",
      ],
    },
  },
  facebook: {
    label: "Facebook",
    driver: "openid",
    issuer: "https://www.facebook.com",
    endpoints: {
      authorization: "https://www.facebook.com/v24.0/dialog/oauth",
      token: "https://graph.facebook.com/v24.0/oauth/access_token",
      userInfo: "https://graph.facebook.com/v24.0/me?fields=id,name,first_name,last_name,email",
    },
    scopes: ["email", "public_profile"],
    clientAuth: "post",
    claims: {
      ...{ subject: "id", email: "email", emailVerified: "never" },
      profile: { name: "name", givenName: "first_name", familyName: "last_name" },
    },
    setup: {
      url: "https://developers.facebook.com/apps",
      steps: [
        "Add Facebook Login to an app, and {redirect} to Valid OAuth Redirect URIs.",
        "Copy App ID and App secret from the basic settings.",
      ],
    },
  },
  discord: {
    label: "Discord",
    driver: "openid",
    issuer: "https://discord.com",
    endpoints: {
      authorization: "https://discord.com/oauth2/authorize",
      token: "https://discord.com/api/oauth2/token",
      userInfo: "https://discord.com/api/users/@me",
    },
    scopes: ["identify", "email"],
    clientAuth: "basic",
    claims: {
      ...{ subject: "id", email: "email", emailVerified: "verified" },
      profile: { name: "global_name", username: "username", locale: "locale" },
    },
    setup: {
      url: "https://discord.com/developers/applications",
      steps: [
        "Make an application; under OAuth2 add {redirect} to Redirects.",
        "Copy client ID and client secret from the same page.",
      ],
    },
  },
  gitlab: {
    label: "GitLab",
    driver: "openid",
    issuer: "https://gitlab.com",
    scopes: openIdScopes,
    clientAuth: "post",
    claims: { ...openIdClaims, profile: { ...openIdClaims.profile, username: "nickname" } },
    setup: {
      url: "https://gitlab.com/-/user_settings/applications",
      steps: [
        "Add a confidential application with the redirect URI {redirect} and the scopes openid, email and profile.",
        "For a GitLab of your own, set the issuer to its address.",
      ],
    },
  },
  linkedin: {
    label: "LinkedIn",
    driver: "openid",
    issuer: "https://www.linkedin.com/oauth",
    scopes: openIdScopes,
    clientAuth: "post",
    // It returns no nonce, and refuses challenges unless its staff has switched them on for the app.
    pkce: false,
    nonce: false,
    claims: openIdClaims,
    setup: {
      url: "https://www.linkedin.com/developers/apps",
      steps: [
        "Make an app and add the product Sign In with LinkedIn using OpenID Connect.",
        "Add {redirect} to Authorized redirect URLs; copy Client ID and Primary Client Secret.",
      ],
    },
  },
  x: {
    label: "X",
    driver: "openid",
    issuer: "https://x.com",
    endpoints: {
      authorization: "https://x.com/i/oauth2/authorize",
      token: "https://api.x.com/2/oauth2/token",
      userInfo: "https://api.x.com/2/users/me?user.fields=profile_image_url,confirmed_email",
    },
    scopes: ["users.read", "users.email", "tweet.read"],
    clientAuth: "basic",
    claims: {
      ...{ subject: "data.id", email: "data.confirmed_email", emailVerified: "always" },
      profile: { name: "data.name", username: "data.username", picture: "data.profile_image_url" },
    },
    setup: {
      url: "https://developer.x.com/en/portal/dashboard",
      steps: [
        "In the app's user authentication settings choose Web App and add {redirect} as a callback URI.",
        "Switch on Request email from users; copy the OAuth 2.0 Client ID and Client Secret.",
      ],
    },
  },
  spotify: {
    label: "Spotify",
    driver: "openid",
    issuer: "https://accounts.spotify.com",
    endpoints: {
      authorization: "https://accounts.spotify.com/authorize",
      token: "https://accounts.spotify.com/api/token",
      userInfo: "https://api.spotify.com/v1/me",
    },
    scopes: ["user-read-email"],
    clientAuth: "basic",
    // Spotify's reference: the address is unverified.
    claims: { subject: "id", email: "email", emailVerified: "never", profile: { name: "display_name" } },
    setup: {
      url: "https://developer.spotify.com/dashboard",
      steps: [
        "Make an app that uses the Web API, and add {redirect} to Redirect URIs.",
        "Copy Client ID and Client secret from its settings.",
      ],
    },
  },
  oidc: {
    label: "OpenID Connect",
    driver: "openid",
    scopes: openIdScopes,
    clientAuth: "basic",
    claims: openIdClaims,
    setup: {
      url: "https://openid.net/developers/how-connect-works/",
      steps: [
        "Register a confidential web client for the authorization code flow with the redirect URI {redirect}.",
        "Set the issuer to the address below which /.well-known/openid-configuration is found.",
      ],
    },
  },
} as const satisfies { readonly [name: string]: Preset };

export type PresetName = keyof typeof presets;
export const presetNames = Object.keys(presets) as [PresetName, ...PresetName[]];
export type Presets = { readonly [name in PresetName]: Preset };

/** Google has endpoints here because passport knows them; it speaks OpenID Connect all the same. */
export const givesIdTokens = (preset: Preset): boolean => preset.driver === "google" || preset.endpoints === undefined;
