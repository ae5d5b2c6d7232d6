// What a program may ask for, in the words a person reads before they agree.
/** Every scope there is; the order is that of the consent page. */
export const scopeWords: { readonly [scope: string]: string } = {
  openid: "Know that it is you",
  profile: "See your name and your profile",
  email: "See your e-mail address",
  "records:read": "Read the data that you may read",
  "records:write": "Add, change and delete the data that you may change",
  offline_access: "Stay signed in until you sign it out",
};

export const scopeNames = Object.keys(scopeWords);
/** Those that a token for the API carries beside what it says about its user. */
export const apiScope = scopeNames.join(" ");

/** Known ones of a request's `scope`, each once, in the order of the page. */
export function scopesIn(text: unknown): string[] {
  const asked = typeof text === "string" ? text.split(" ") : [];
  return scopeNames.filter((name) => asked.includes(name));
}
