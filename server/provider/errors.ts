// Every code this room answers with. The protocol's own endpoints answer as OAuth says (RFC 6749 §5.2).
import { defineErrors } from "../kernel/errors/index.ts";

export const errors = defineErrors({
  oauth_client_not_found: {
    status: 404,
    says: "There is no client with this id.",
    advice: "List the clients with GET /v1/oauth/clients.",
  },
  oauth_client_invalid: {
    status: 422,
    says: "The client cannot be like this.",
    advice: "Mend what `errors` lists.",
  },
  oauth_client_limit: {
    status: 422,
    says: "There are {max} clients, which is the limit.",
    advice: "Delete clients that are no longer used.",
  },
  interaction_expired: {
    status: 404,
    says: "This request to sign in is over, or was begun in another browser.",
    advice: "Go back to the app and sign in again.",
  },
  interaction_other_users: {
    status: 403,
    says: "The client is for users of another collection.",
    advice: "Sign in with an account of the collection that the request names.",
  },
  interaction_sign_in_again: {
    status: 403,
    says: "The client asks that you prove anew who you are.",
    advice: "Sign in once more, and answer with the new access token.",
  },
  interaction_impersonated: {
    status: 403,
    says: "An admin who acts as a user cannot let a program in for them.",
    advice: "Let the user answer it.",
  },
  scope_not_granted: {
    status: 403,
    says: "The access token does not carry the scope `{scope}`.",
    advice: "Ask for this scope when the user is sent to sign in.",
  },
});
