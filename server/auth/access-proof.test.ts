// What a proof is judged by, with a clock by hand; provider-dpop.test.ts shows it at the door.
import { generateKeyPairSync } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import { expect, test } from "vitest";
import { createProofs, proofAlgorithms } from "./access-proof.ts";
import { manualClock } from "./auth.fixture.ts";

const clock = manualClock();
const proofs = createProofs({ publicUrl: "https://app.example.com/", clock });
const at = { method: "POST", path: "/v1/auth/refresh" };

async function proof(jti: string, alg = "ES256", htu = "https://app.example.com/v1/auth/refresh"): Promise<string> {
  const pair = alg === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
  const jwk = await exportJWK(pair.publicKey);
  const claims = { htm: "POST", htu, jti, iat: clock.now() / 1000 };
  return new SignJWT(claims).setProtectedHeader({ alg, typ: "dpop+jwt", jwk }).sign(pair.privateKey);
}

test.each(proofAlgorithms)("%s: gives the thumbprint of the key, once", async (alg) => {
  const made = await proof(`once-${alg}`, alg);
  expect(await proofs.thumbprintOf({ proof: made, ...at })).toMatch(/^[\w-]{43}$/);
  expect(await proofs.thumbprintOf({ proof: made, ...at })).toBeUndefined();
});

test("one name may serve two keys: a stranger cannot use up somebody's proof", async () => {
  const [one, other] = [await proof("shared"), await proof("shared")];
  expect(await proofs.thumbprintOf({ proof: one, ...at })).toBeTruthy();
  expect(await proofs.thumbprintOf({ proof: other, ...at })).toBeTruthy();
});

test("G01 counts for a minute and no longer, and is not forgotten before that", async () => {
  const [spent, late, inTime] = [await proof("spent"), await proof("late"), await proof("inTime")];
  await proofs.thumbprintOf({ proof: spent, ...at });
  clock.advance(60_000);
  expect(await proofs.thumbprintOf({ proof: inTime, ...at })).toBeTruthy();
  expect(await proofs.thumbprintOf({ proof: spent, ...at })).toBeUndefined();
  clock.advance(1);
  expect(await proofs.thumbprintOf({ proof: late, ...at })).toBeUndefined();
});

test.each([
  "http://app.example.com/v1/auth/refresh",
  "https://app.example.com:8443/v1/auth/refresh",
  "https://app.example.com/v1/auth/refresh/",
  "/v1/auth/refresh",
  "",
])("T09 %s is another address", async (htu) => {
  expect(await proofs.thumbprintOf({ proof: await proof(`at ${htu}`, "ES256", htu), ...at })).toBeUndefined();
});

test("no header, and two of them, are no proof", async () => {
  expect(await proofs.thumbprintOf({ proof: undefined, ...at })).toBeUndefined();
  expect(await proofs.thumbprintOf({ proof: [await proof("a"), await proof("b")], ...at })).toBeUndefined();
});
