// `landfall start --lan` from outside: reached by the machine's own network address, and the links follow.
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lanAddresses } from "../../server/cli/lan.ts";
import { testDatabase } from "../support/database.ts";
import { freePort } from "../support/ports.ts";
import { processes } from "../support/process.ts";

const { run, folder } = processes();
const database = testDatabase();

test("--lan binds all addresses; the set-up link and the printed lines lead to the network's", async () => {
  const [address = "127.0.0.1"] = lanAddresses(networkInterfaces());
  const port = await freePort();
  const dataDir = folder();
  const env = { PORT: String(port), LANDFALL_DATA_DIR: dataDir, DATABASE_URL: database.url };
  const server = run(["start", "--lan"], { env });
  await server.says("For development, in a network you trust.");
  if (lanAddresses(networkInterfaces()).length > 0) {
    expect(server.out()).toContain(`Network  http://${address}:${port}`);
    expect(server.out()).toContain(`Console  http://${address}:${port}/console`);
    expect(readFileSync(join(dataDir, "setup-url"), "utf8")).toMatch(`http://${address}:${port}/`);
  }
  expect(server.out()).toContain(`http://10.0.2.2:${port}`);
  expect((await fetch(`http://${address}:${port}/`)).status).toBe(200);
  expect(await server.stop()).toBe(0);
});
