import type { NetworkInterfaceInfo } from "node:os";
import jsqr from "jsqr";
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
  expect((await lanLines(place, true)).join("\n")).toContain("█");
  expect((await lanLines({ addresses: [], port: 4710, publicUrl: undefined }, true)).join()).toContain("no address");
});

/** A terminal's picture of text in two colours: a cell is two points high, a point `scale` pixels. */
function pictureOf(text: string, scale = 4): { data: Uint8ClampedArray; width: number; height: number } {
  const greys: Readonly<Record<string, number>> = { "231": 255, "16": 0 };
  const rows = text.split("\u001b[").flatMap((part) => {
    const [, ink = "", ground = "", cells = ""] = /^38;5;(\d+);48;5;(\d+)m(.*)$/.exec(part) ?? [];
    const grey = (isInk: boolean) => greys[isInk ? ink : ground] ?? Number.NaN;
    return cells === "" ? [] : ["█▀", "█▄"].map((inked) => [...cells].map((cell) => grey(inked.includes(cell))));
  });
  const width = (rows[0]?.length ?? 0) * scale;
  const height = rows.length * scale;
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      data.fill(
        rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] ?? 0,
        4 * (y * width + x),
        4 * (y * width + x) + 3,
      );
  return { data, width, height };
}

test.each([
  "http://192.168.1.20:4710",
  "http://10.0.0.9:65535",
  "https://a-rather-long-name-of-a-machine.department.example.com:8443/landfall",
])("somebody else's reader finds %s in the printed code, dark on light", async (publicUrl) => {
  const printed = (await lanLines({ addresses: ["10.0.0.9"], port: 4710, publicUrl }, true)).join("\n");
  const { data, width, height } = pictureOf(printed);
  expect(width).toBeGreaterThan(80);
  expect(jsqr.default(data, width, height, { inversionAttempts: "dontInvert" })?.data).toBe(publicUrl);
});

test("the console opens at the LAN address and at localhost alike, and nowhere else", () => {
  const { isSameOrigin } = createCors([], "http://192.168.1.20:4710");
  for (const host of ["192.168.1.20:4710", "localhost:4710", "127.0.0.1:4710"])
    expect(isSameOrigin(`http://${host}`, undefined, host), host).toBe(true);
  expect(isSameOrigin("http://evil.example", "cross-site", "192.168.1.20:4710")).toBe(false);
  const named = createCors([], "http://10.example.com");
  expect(named.isSameOrigin("http://localhost:4710", undefined, "localhost:4710")).toBe(false);
});
