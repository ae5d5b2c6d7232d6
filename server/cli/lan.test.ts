import type { NetworkInterfaceInfo } from "node:os";
import { expect, test } from "vitest";
import { createCors } from "../kernel/http/cors.ts";
import { lanAddresses, lanEnvironment, lanLines } from "./lan.ts";

const at = (address: string, more: object = {}) =>
  ({ address, family: "IPv4", internal: false, netmask: "", mac: "", cidr: null, ...more }) as NetworkInterfaceInfo;

test("the likeliest address comes first: a real card's private one before public and virtual ones", () => {
  const interfaces = {
    lo: [at("127.0.0.1", { internal: true })],
    docker0: [at("172.17.0.1")],
    eth1: [at("203.0.113.7"), at("fe80::1", { family: "IPv6" })],
    en0: [at("192.168.1.20"), at("169.254.3.4")],
  };
  expect(lanAddresses(interfaces)).toEqual(["192.168.1.20", "203.0.113.7", "172.17.0.1"]);
  expect(lanAddresses({ lo: [at("127.0.0.1", { internal: true })] })).toEqual([]);
});

test.each([
  [{}, { HOST: "0.0.0.0", LANDFALL_PUBLIC_URL: "http://10.1.2.3:4710" }],
  [
    { PORT: "8080", HOST: "127.0.0.1" },
    { PORT: "8080", HOST: "0.0.0.0", LANDFALL_PUBLIC_URL: "http://10.1.2.3:8080" },
  ],
  [{ HOST_FILE: "/x" }, { HOST: "0.0.0.0", LANDFALL_PUBLIC_URL: "http://10.1.2.3:4710" }],
  [{ LANDFALL_PUBLIC_URL: "https://a.example" }, { HOST: "0.0.0.0", LANDFALL_PUBLIC_URL: "https://a.example" }],
  [{ LANDFALL_PUBLIC_URL_FILE: "/x" }, { HOST: "0.0.0.0", LANDFALL_PUBLIC_URL_FILE: "/x" }],
  [{ PORT: "0" }, { PORT: "0", HOST: "0.0.0.0" }],
])("of %j the settings become %j", (env, settings) => {
  expect(lanEnvironment(env, "10.1.2.3")).toEqual(settings);
});

test("a terminal gets the code, a log does not, and both the warning", async () => {
  const place = { addresses: ["192.168.1.20", "10.0.0.9"], port: 4710, publicUrl: "http://192.168.1.20:4710" };
  const log = (await lanLines(place, false)).join("\n");
  expect(log).toContain("Network  http://192.168.1.20:4710\nNetwork  http://10.0.0.9:4710\n");
  expect(log).toContain("http://10.0.2.2:4710");
  expect(log).toContain("not encrypted");
  expect(log).not.toContain("\u001b");
  const seen = (await lanLines(place, true)).join("\n");
  expect(seen).toContain("█");
  expect((await lanLines({ addresses: [], port: 4710, publicUrl: undefined }, true)).join()).toContain("no address");
});

test("the console opens at the LAN address and at localhost alike, and nowhere else", () => {
  const { isSameOrigin } = createCors([], "http://192.168.1.20:4710");
  for (const host of ["192.168.1.20:4710", "localhost:4710", "127.0.0.1:4710"])
    expect(isSameOrigin(`http://${host}`, undefined, host), host).toBe(true);
  expect(isSameOrigin("http://evil.example", "cross-site", "192.168.1.20:4710")).toBe(false);
  const named = createCors([], "http://10.example.com");
  expect(named.isSameOrigin("http://localhost:4710", undefined, "localhost:4710")).toBe(false);
});
