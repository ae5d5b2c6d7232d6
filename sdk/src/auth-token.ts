// How long an access token lives, by the server's clock alone: both times are in the token. What the local clock says is used
// for nothing but to count from the moment the token came, so a wrong clock and one that steps cost a refresh at most.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Milliseconds from `iat` to `exp`; 0 when the token cannot be read, which leaves its end to the server. */
export function lifetimeMs(accessToken: string): number {
  try {
    const { iat, exp } = JSON.parse(textOf(accessToken.split(".")[1] ?? "")) as { iat: unknown; exp: unknown };
    return typeof iat === "number" && typeof exp === "number" && exp > iat ? (exp - iat) * 1000 : 0;
  } catch {
    return 0;
  }
}

/** base64url to bytes as characters: the numbers asked for are ASCII, and bare engines have no `atob`. */
function textOf(base64url: string): string {
  let text = "";
  let bits = 0;
  let count = 0;
  for (const character of base64url) {
    bits = (bits << 6) | alphabet.indexOf(character);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    text += String.fromCharCode((bits >> count) & 255);
    bits &= (1 << count) - 1;
  }
  return text;
}

/** base64url of bytes, without padding. */
export function base64url(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const three = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const characters = Math.min(4, bytes.length - i + 1);
    for (let k = 0; k < characters; k++) text += alphabet[(three >> (18 - 6 * k)) & 63];
  }
  return text;
}
