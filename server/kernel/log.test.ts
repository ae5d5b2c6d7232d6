import { expect, test } from "vitest";
import { createLog, createScrubber } from "./log.ts";

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlMQ";
const canaries: readonly [string, object | string, string][] = [
  ["an API key in a message", "used lf_key_canary01AbC-_ now", "canary01AbC"],
  ["a session in a nested field", { deep: { er: ["lf_ses_canary02"] } }, "canary02"],
  ["the setup secret in a URL", { url: "http://h/console#lf_setup_canary03" }, "canary03"],
  ["an Authorization header", { headers: { authorization: "Bearer canary04opaque" } }, "canary04"],
  ["a basic credential", { note: "Basic Y2FuYXJ5MDU6cGFzcw==" }, "Y2FuYXJ5MDU6"],
  ["a cookie", { cookie: "sid=canary06" }, "canary06"],
  ["a password field", { body: { email: "a@b.c", password: 'cana"ry07' } }, "ry07"],
  ["a password in quoted JSON", { text: '{"password":"canary08"}' }, "canary08"],
  ["an access token", { accessToken: "canary09" }, "canary09"],
  ["a JSON Web Token anywhere", { err: { message: `bad ${jwt}` } }, "c2lnbmF0dXJlMQ"],
  ["a database password", { url: "postgres://landfall:canary11@db/x" }, "canary11"],
  ["a signed URL", { url: "https://h/o?a=1&X-Amz-Signature=canary12&b=2" }, "canary12"],
  ["a one-time code", { otp: "canary13" }, "canary13"],
  ["a named secret", { anything: 'service"canary14' }, "canary14"],
];

test.each(canaries)("X04 %s does not reach the log", (_name, event, canary) => {
  const lines: string[] = [];
  const { log } = createLog({
    level: "debug",
    sink: { write: (line) => void lines.push(line) },
    secrets: ['service"canary14'],
  });
  if (typeof event === "string") log.error(event);
  else log.error(event, "event");
  log.error({
    err: new Error("outer", { cause: new Error(typeof event === "string" ? event : JSON.stringify(event)) }),
  });
  log.child(typeof event === "string" ? { event } : event).info("child");
  expect(lines).toHaveLength(3);
  expect(lines.join("")).not.toContain(canary);
  expect(lines.join("")).toContain("[secret]");
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number) });
});

test("a harmless line stays as it is", () => {
  const scrub = createScrubber(["abc"]);
  const line =
    '{"level":30,"requestId":"0af7","route":"createToken","url":"http://localhost:4710/console","key":"abc"}\n';
  expect(scrub(line)).toBe(line);
});

test("D04 a hostile line does not stall the scrubber", () => {
  const scrub = createScrubber([]);
  // The process's own CPU time: a busy machine makes nothing slower than it is.
  const before = process.cpuUsage();
  for (const part of ["eyJ", "://", "://a:", "lf_", "Bearer ", "?token=", '"password":"', "a:", "\\"])
    scrub(JSON.stringify({ msg: part.repeat(20_000) }));
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(200);
});
