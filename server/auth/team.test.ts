// Teams: what rules see of them, who looks after them, and that nobody gives what they do not have.
import { beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { serviceKey } from "./auth.fixture.ts";
import { audited, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const users = testUsers(database, { methods: { anonymous: { enabled: true } }, teams: { usersCreate: true } });
const admin = serviceKey;

beforeEach(async () => {
  await database.db.query({ text: "TRUNCATE landfall.throttle, landfall.audit" });
});

interface Person {
  readonly id: string;
  readonly token: string;
}

const person = async (email?: string): Promise<Person> => {
  const { accessToken, user } = (await users.call("signInAnonymously", { body: {} })).json;
  const named = { token: admin, params: { collection: "users", id: user.id } };
  if (email !== undefined) await users.call("changeAccount", { ...named, body: { email, emailVerified: true } });
  return { id: user.id, token: accessToken };
};
const make = async (token: string) => (await users.call("createTeam", { token, body: { name: "Kitchen" } })).json.id as string; // biome-ignore format: one line
const seen = async ({ token }: Person) => (await users.actor(token)).auth.teams;
const put = (token: string, team: string, user: Person, roles: string[]) => ({ token, params: { team, user: user.id }, body: { roles } }); // biome-ignore format: one line
const invite = async (token: string, team: string, email: string, roles: string[] = []) =>
  (await users.call("inviteToTeam", { token, params: { team }, body: { email, roles } })).json.link.split("/").at(-1) as string; // biome-ignore format: one line
const accept = (token: string, invitation: string) => ({ token, body: { token: invitation } });
let counter = 0;
const address = () => `person${counter++}@example.com`;

test("rules see a team and each role in it with the next request, and its end too", async () => {
  const ann = await person();
  expect(await seen(ann)).toEqual([]);
  const team = await make(ann.token);
  expect(await seen(ann)).toEqual([team, `${team}:owner`]);
  await users.call("putTeamMember", put(admin, team, ann, ["cook", "owner"]));
  expect(await seen(ann)).toEqual([team, `${team}:cook`, `${team}:owner`]);
  await users.call("deleteTeam", { token: ann.token, params: { team } });
  expect(await seen(ann)).toEqual([]);
  expect((await audited(database, "team_changed")).map(({ actor }) => actor)).toEqual([`user:${ann.id}`, "service", `user:${ann.id}`]); // biome-ignore format: one line
});

test("another process hears of it through the feed", async () => {
  const ann = await person();
  const team = await make(admin);
  await users.auth.feed.look();
  const before = await database.db.query({ text: `SELECT 1 FROM landfall."credentialChange" WHERE subject LIKE 'account:%'` }); // biome-ignore format: one line
  await users.call("putTeamMember", put(admin, team, ann, []));
  const after = await database.db.query({ text: `SELECT 1 FROM landfall."credentialChange" WHERE subject LIKE 'account:%'` }); // biome-ignore format: one line
  expect(after.length).toBe(before.length + 1);
});

describe("A24 nobody gives what they do not have", () => {
  test("an owner gives and invites with their own roles only; a plain member with none", async () => {
    const [ann, bob] = [await person(), await person()];
    const team = await make(ann.token);
    await users.call("putTeamMember", put(admin, team, bob, []));
    expect(await users.refused("putTeamMember", put(ann.token, team, bob, ["billing"]))).toBe(
      "403 team_role_not_yours",
    );
    expect(await users.refused("putTeamMember", put(ann.token, team, ann, ["owner", "billing"]))).toBe("403 team_role_not_yours"); // biome-ignore format: one line
    const params = { team };
    const body = { email: address(), roles: ["billing"] };
    expect(await users.refused("inviteToTeam", { token: ann.token, params, body })).toBe("403 team_role_not_yours");
    for (const [operation, call] of [
      ["putTeamMember", put(bob.token, team, bob, ["owner"])],
      ["inviteToTeam", { token: bob.token, params, body: { email: address() } }],
      ["renameTeam", { token: bob.token, params, body: { name: "Mine" } }],
      ["deleteTeam", { token: bob.token, params }],
      ["removeTeamMember", { token: bob.token, params: { team, user: ann.id } }],
    ] as const)
      expect(await users.refused(operation, call)).toBe("403 team_owner_required");
    await users.call("putTeamMember", put(ann.token, team, bob, ["owner"]));
    expect(await seen(bob)).toContain(`${team}:owner`);
  });

  test("a role that a member has from an admin stays when an owner changes the others", async () => {
    const [ann, bob] = [await person(), await person()];
    const team = await make(ann.token);
    await users.call("putTeamMember", put(admin, team, bob, ["billing"]));
    await users.call("putTeamMember", put(ann.token, team, bob, ["billing", "owner"]));
    expect(await seen(bob)).toEqual([team, `${team}:billing`, `${team}:owner`]);
  });

  test("an invitation by somebody who lost the role meanwhile is worth nothing", async () => {
    const email = address();
    const [ann, bob] = [await person(), await person(email)];
    const team = await make(ann.token);
    const invitation = await invite(ann.token, team, email, ["owner"]);
    await users.call("putTeamMember", put(admin, team, ann, []));
    expect(await users.refused("acceptInvitation", accept(bob.token, invitation))).toBe("422 code_invalid");
    expect(await seen(bob)).toEqual([]);
  });

  test("an admin who signed in as an owner changes no team", async () => {
    const ann = await person();
    const team = await make(ann.token);
    const as = { token: admin, params: { collection: "users", id: ann.id } };
    const { accessToken } = (await users.call("impersonateAccount", as)).json;
    expect(await users.refused("deleteTeam", { token: accessToken, params: { team } })).toBe(
      "403 impersonation_refused",
    );
    expect(await users.refused("createTeam", { token: accessToken, body: { name: "x" } })).toBe("403 impersonation_refused"); // biome-ignore format: one line
  });
});

describe("invitations", () => {
  test("open the team to the proved address only, and are not spent by others", async () => {
    const email = address();
    const [ann, bob, eve] = [await person(), await person(email), await person(address())];
    const team = await make(ann.token);
    const invitation = await invite(ann.token, team, email.toUpperCase().replace("@EXAMPLE.COM", "@example.com"));
    expect(await users.refused("acceptInvitation", accept(eve.token, invitation))).toBe("403 invitation_not_yours");
    const named = { token: admin, params: { collection: "users", id: bob.id } };
    await users.call("changeAccount", { ...named, body: { emailVerified: false } });
    expect(await users.refused("acceptInvitation", accept(bob.token, invitation))).toBe("403 invitation_not_yours");
    await users.call("changeAccount", { ...named, body: { emailVerified: true } });
    expect((await users.call("acceptInvitation", accept(bob.token, invitation))).json).toEqual({ team });
    expect(await seen(bob)).toEqual([team]);
    expect(await users.refused("acceptInvitation", accept(bob.token, invitation))).toBe("422 code_invalid");
  });

  test("T11 of 20 at once, one is taken; a week later none, and none outlives its team", async () => {
    const email = address();
    const [ann, bob] = [await person(), await person(email)];
    const team = await make(ann.token);
    const invitation = await invite(ann.token, team, email);
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => users.call("acceptInvitation", accept(bob.token, invitation)))); // biome-ignore format: one line
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const late = await invite(ann.token, team, email);
    const orphan = await invite(ann.token, team, email);
    await users.call("deleteTeam", { token: ann.token, params: { team } });
    expect(await users.refused("acceptInvitation", accept(bob.token, orphan))).toBe("422 code_invalid");
    users.clock.advance(7 * 86_400_000);
    const { accessToken } = (await users.call("signInAnonymously", { body: {} })).json;
    expect(await users.refused("acceptInvitation", accept(accessToken, late))).toBe("422 code_invalid");
  });
});

test("members leave, the last owner does not, and an admin may take anybody out", async () => {
  const [ann, bob] = [await person(), await person()];
  const team = await make(ann.token);
  await users.call("putTeamMember", put(admin, team, bob, []));
  const out = (token: string, user: Person) => ({ token, params: { team, user: user.id } });
  expect(await users.refused("removeTeamMember", out(ann.token, ann))).toBe("409 team_owner_last");
  expect(await users.refused("putTeamMember", put(ann.token, team, ann, []))).toBe("409 team_owner_last");
  await users.call("removeTeamMember", out(bob.token, bob));
  expect(await seen(bob)).toEqual([]);
  await users.call("removeTeamMember", out(admin, ann));
  expect(await seen(ann)).toEqual([]);
});

test("A26 a stranger learns nothing of a team, and lists only their own", async () => {
  const [ann, eve] = [await person(), await person()];
  const team = await make(ann.token);
  const params = { team };
  for (const [operation, call] of [
    ["getTeam", { params }],
    ["renameTeam", { params, body: { name: "Mine" } }],
    ["deleteTeam", { params }],
    ["inviteToTeam", { params, body: { email: address() } }],
    ["putTeamMember", { params: { team, user: eve.id }, body: { roles: ["owner"] } }],
    ["removeTeamMember", { params: { team, user: ann.id } }],
    ["removeTeamMember", { params: { team, user: eve.id } }],
  ] as const)
    expect(await users.refused(operation, { ...call, token: eve.token })).toBe("404 team_not_found");
  expect((await users.call("listTeams", { token: eve.token })).json.items).toEqual([]);
  expect((await users.call("listTeams", { token: ann.token })).json.items).toMatchObject([{ id: team }]);
  expect(await users.refused("putTeamMember", put(ann.token, team, eve, []))).toBe("404 team_member_not_found");
});

test("users make no teams where the settings do not say so", async () => {
  const ann = await person();
  await database.db.query({ text: `UPDATE landfall."authSetting" SET settings = settings - 'teams'` });
  expect(await users.refused("createTeam", { token: ann.token, body: { name: "Mine" } })).toBe(
    "403 team_creation_closed",
  );
});

test("A20 a key reaches no team, although it is bound to the id of an owner", async () => {
  const ann = await person();
  const team = await make(admin);
  await users.call("putTeamMember", put(admin, team, ann, ["owner"]));
  const body = {
    name: "bound",
    collections: { users: ["list", "get", "update"] },
    actAs: { id: ann.id, teams: [team] },
  };
  const { secret } = (await users.call("createApiKey", { token: admin, body })).json;
  const operations = users.auth.routes.filter(({ path }) => path.startsWith("/v1/teams"));
  expect(operations.length).toBe(8);
  const calls = { params: { team, user: ann.id }, body: { name: "x", roles: [], email: "x@example.com" } };
  for (const { name, body: schema } of operations) {
    const fitting = Object.fromEntries(Object.entries(calls.body).filter(([member]) => schema !== undefined && member in (schema as unknown as { shape: object }).shape)); // biome-ignore format: one line
    expect(await users.refused(name, { ...calls, token: secret, body: fitting })).toBe("403 user_session_required");
  }
});
