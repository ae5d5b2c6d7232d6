// How hard a password is to guess, roughly: its length, how varied it is, and whether it is one of the usual ones.
// The server decides what it accepts; this only advises while typing.

export const passwordLengthMin = 8;

const usual = /password|passwort|qwert|letmein|welcome|admin|landfall|iloveyou|abc123|12345/i;

/** 0 too short, 1 weak, 2 fair, 3 good, 4 strong. */
export function passwordStrength(password: string, email = ""): 0 | 1 | 2 | 3 | 4 {
  const letters = [...password];
  if (letters.length < passwordLengthMin) return 0;
  const name = email.split("@")[0]?.toLowerCase() ?? "";
  const guessable = usual.test(password) || (name.length >= 4 && password.toLowerCase().includes(name));
  const bits = new Set(letters).size * 2 + letters.length + kinds(password) * 3 - (guessable ? 25 : 0);
  if (bits < 26) return 1;
  if (bits < 38) return 2;
  return bits < 50 ? 3 : 4;
}

function kinds(text: string): number {
  return [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{L}\p{Nd}]/u].filter((kind) => kind.test(text)).length;
}
