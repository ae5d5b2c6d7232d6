// G01: the server's clock steps by an hour or a day, forward and back, while people are signed in. Nothing crashes, nobody who was
// shut out comes back, and whoever is within their limits goes on.
import { describe, expect, test } from "vitest";
import { testUsers } from "../../server/auth/user.fixture.ts";
import { testDatabase } from "../support/database.ts";

const database = testDatabase();
const users = testUsers(database, { methods: { anonymous: { enabled: true } } });
const hour = 3_600_000;
const steps = [hour, -hour, 24 * hour, -24 * hour, 48 * hour, -72 * hour];

const signIn = async () => {
  await database.db.query({ text: "DELETE FROM landfall.throttle" });
  return (await users.call("signInAnonymously", { body: {} })).json;
};
const refresh = (refreshToken: string) => users.call("refreshTokens", { body: { refreshToken } });
const refused = (refreshToken: string) => users.refused("refreshTokens", { body: { refreshToken } });

describe("G01 a clock that steps", () => {
  test.each(steps)("by %d ms: sign-in, refresh and keys go on, and what had ended stays ended", async (stepMs) => {
    const [living, ended] = [await signIn(), await signIn()];
    await users.call("signOut", { token: ended.accessToken, body: {} });
    users.clock.advance(stepMs);
    // A new sign-in at the new time, and its token is good at once.
    const fresh = await signIn();
    expect((await users.actor(fresh.accessToken)).auth).toMatchObject({ id: fresh.user.id });
    const renewed = (await refresh(living.refreshToken)).json;
    expect((await users.actor(renewed.accessToken)).auth).toMatchObject({ id: living.user.id });
    expect(await refused(ended.refreshToken)).toBe("401 refresh_token_invalid");
    await expect(users.actor(ended.accessToken)).rejects.toMatchObject({ code: "credential_invalid" });
    // And back again: the token of the other time is refused or good, never an error of ours.
    users.clock.advance(-stepMs);
    const outcome = await users.actor(fresh.accessToken).then(
      ({ kind }) => kind,
      ({ code }: { code: string }) => code,
    );
    expect(["user", "credential_invalid"]).toContain(outcome);
    expect((await refresh(renewed.refreshToken)).status).toBe(200);
  });

  test("a budget that was spent in a future that did not come is no lockout for a day", async () => {
    users.clock.advance(24 * hour);
    await database.db.query({ text: "DELETE FROM landfall.throttle" });
    for (let n = 0; n < 30; n++) await users.call("signInAnonymously", { body: {} });
    expect(await users.refused("signInAnonymously", { body: {} })).toBe("429 sign_in_throttled");
    users.clock.advance(-24 * hour);
    expect((await users.call("signInAnonymously", { body: {} })).status).toBe(201);
  });

  test("T15 what was rotated in a future that did not come is not answered for longer than its grace", async () => {
    const first = await signIn();
    users.clock.advance(24 * hour);
    await refresh(first.refreshToken);
    users.clock.advance(-24 * hour);
    users.clock.advance(hour);
    // 23 hours before the rotation, an hour after the sign-in: the replaced token must be worth nothing.
    expect(await refused(first.refreshToken)).toBe("401 refresh_token_invalid");
  });
});
