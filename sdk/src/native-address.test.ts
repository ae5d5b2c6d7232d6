import { beforeEach, expect, test, vi } from "vitest";

type Warn = typeof import("./native-address.ts").warnOfLoopback;
let warnOfLoopback: Warn;
const lines: string[] = [];
const console = { warn: (line: string) => lines.push(line) };
const phone = { navigator: { product: "ReactNative" }, console };

beforeEach(async () => {
  lines.length = 0;
  vi.resetModules(); // It warns once per process.
  ({ warnOfLoopback } = await import("./native-address.ts"));
});

test("a native app given localhost is told both ways out, once", () => {
  warnOfLoopback("http://localhost:4710", phone);
  warnOfLoopback("http://localhost:4710", phone);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("http://10.0.2.2:4710");
  expect(lines[0]).toContain("npm start -- --lan");
});

test.each(["http://127.0.0.1:4710/", "https://LOCALHOST", "http://[::1]:4710", "http://127.1.2.3"])(
  "%s is the phone too",
  (url) => {
    warnOfLoopback(url, phone);
    expect(lines).toHaveLength(1);
  },
);

test.each([
  "http://192.168.1.20:4710",
  "https://localhost.example.com",
  "http://10.0.2.2:4710",
  "https://api.example.com/localhost",
])("%s leads elsewhere", (url) => {
  warnOfLoopback(url, phone);
  expect(lines).toEqual([]);
});

test("browsers and Node are left alone, and no console is no fault", () => {
  warnOfLoopback("http://localhost:4710", { navigator: { product: "Gecko" }, console });
  warnOfLoopback("http://localhost:4710", { console });
  warnOfLoopback("http://localhost:4710", { navigator: phone.navigator });
  expect(lines).toEqual([]);
});
