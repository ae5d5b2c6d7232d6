// The client, as whoever opened the link that `npm run people` printed. Each link carries an API key bound to one person,
// which stands for signing in while you develop. Do not ship it: a key in a link is a password in a link.
import { createClient } from "@landfall/client";
import config from "../landfall.config.json";
import { schema } from "./landfall.schema";

const link = new URLSearchParams(window.location.hash.slice(1));
if (link.has("key")) {
  localStorage.setItem("me", link.get("me") ?? "");
  localStorage.setItem("key", link.get("key") ?? "");
  history.replaceState(null, "", window.location.pathname);
}

/** The id that rules see as `auth.id`; empty for somebody who is not signed in. */
export const me = localStorage.getItem("me") ?? "";

const token = localStorage.getItem("key") ?? undefined;

// On a phone "localhost" is the phone; the server runs where this page came from.
const url = new URL(config.url);
if (url.hostname === "localhost") url.hostname = window.location.hostname;

export const lf = createClient({ url: url.origin, schema, token });
