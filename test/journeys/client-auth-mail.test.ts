// A user who has an address, through the client against a real server: signing up by the code of a mail and by its link,
// signing in by password and by code, setting another password, changing the address. Mails are read where an admin reads
// them while no SMTP is configured.
import { createClient, defineSchema, memoryStore } from "@landfall/client";
import { expect, test, vi } from "vitest";
import { testServer } from "../support/server.ts";

const server = testServer();
const schema = defineSchema({ collections: { users: { fields: { name: { type: "text" } } } } });
const password = "correct horse battery";
const makeClient = () => createClient({ url: server.url, schema, auth: { store: memoryStore() } });

/** The text of the newest mail to this address that the test has not read yet. */
const read = new Set<string>();
async function mailTo(address: string): Promise<string> {
  const id = await vi.waitFor(async () => {
    const { items } = (await server.call("GET", "/v1/mail")).json as { items: { id: string; to: string }[] };
    const unread = items.filter((mail) => mail.to === address && !read.has(mail.id));
    expect(unread).not.toEqual([]);
    return unread[0]?.id ?? "";
  }, 10_000);
  read.add(id);
  return (await server.call("GET", `/v1/mail/${id}`)).json.content.text;
}
const codeIn = (text: string) => /^\s*(\d{6})\s*$/m.exec(text)?.[1] ?? text;
const tokenIn = (text: string) => /#\/[\w-]+\/(\S+)/.exec(text)?.[1] ?? text;

async function signedUp(email: string) {
  const lf = makeClient();
  const step = await lf.auth.signUp({ email, password, profile: { name: "Ann" } });
  if (step.next !== "confirm") throw new Error(step.next);
  const done = await lf.auth.confirmSignUp({ flow: step.flow, code: codeIn(await mailTo(email)) });
  if (done.next !== "done") throw new Error(done.next);
  return { lf, user: done.user };
}

test("an address is proved by the code of a mail, and then signs in by its password elsewhere", async () => {
  const { lf, user } = await signedUp("ann@example.com");
  expect(user.name).toBe("Ann");
  expect(lf.auth.account).toMatchObject({ email: "ann@example.com", emailVerified: true, hasPassword: true });
  const other = makeClient();
  expect(await other.auth.signIn({ email: "ann@example.com", password })).toMatchObject({ next: "done", user: { id: user.id } }); // biome-ignore format: one line
  const wrong = { email: "ann@example.com", password: "wrong horse battery" };
  await expect(makeClient().auth.signIn(wrong)).rejects.toMatchObject({ code: "sign_in_failed", status: 401 });
});

test("the link of that mail proves it too, with the password", async () => {
  const lf = makeClient();
  await lf.auth.signUp({ email: "bob@example.com", password });
  const token = tokenIn(await mailTo("bob@example.com"));
  await lf.auth.confirmSignUp({ token, password });
  expect(lf.auth.account?.email).toBe("bob@example.com");
});

test("a mailed code signs in, once", async () => {
  const { user } = await signedUp("cem@example.com");
  const lf = makeClient();
  const { flow } = await lf.auth.sendSignInCode("cem@example.com");
  const code = codeIn(await mailTo("cem@example.com"));
  expect(await lf.auth.signInWithCode({ flow, code })).toMatchObject({ next: "done", user: { id: user.id } });
  await expect(makeClient().auth.signInWithCode({ flow, code })).rejects.toMatchObject({
    code: "code_invalid",
    status: 422,
  });
});

test("a forgotten password is replaced by a mailed code, which ends the sessions of before", async () => {
  const { lf } = await signedUp("dan@example.com");
  const other = makeClient();
  const { flow } = await other.auth.resetPassword("dan@example.com");
  await other.auth.confirmPasswordReset({ flow, code: codeIn(await mailTo("dan@example.com")), password: "staple of the north" }); // biome-ignore format: one line
  await expect(lf.auth.reload()).rejects.toMatchObject({ code: "refresh_token_invalid" });
  expect(await other.auth.signIn({ email: "dan@example.com", password: "staple of the north" })).toMatchObject({ next: "done" }); // biome-ignore format: one line
});

test("a password and an address are changed, and the user goes on", async () => {
  const { lf } = await signedUp("eve@example.com");
  await lf.auth.changePassword({ currentPassword: password, password: "staple of the north" });
  let next: { flow: string } | undefined = await lf.auth.changeEmail("eve@new.example");
  for (const side of ["eve@example.com", "eve@new.example"])
    next = next && (await lf.auth.confirmEmail({ flow: next.flow, code: codeIn(await mailTo(side)) }));
  expect(next).toBeUndefined();
  expect(lf.auth.account?.email).toBe("eve@new.example");
});
