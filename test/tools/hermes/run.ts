// `npm run hermes`: the client under React Native's engine. Today's compiler takes the built core as it is, without Babel; an
// older virtual machine, the last that comes through npm, runs it after the Babel that Metro applies to every package. Linux,
// macOS and Windows on x64, as the engine's packages are; 180 MB, so it is installed here when asked for.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";

const here = import.meta.dirname;
const root = join(here, "../../..");
const platform = { linux: "linux64-bin", darwin: "osx-bin", win32: "win64-bin" }[process.platform as "linux"];
const engine = (path: string) => join(here, "node_modules", path);
const scratch = mkdtempSync(join(tmpdir(), "lf-hermes-"));

const expected = {
  created: "Åse 𝒳",
  pages: [false, false, true],
  each: ["n1", "n1", true],
  filter: {
    op: "&&",
    args: [
      { op: "call", args: ["startsWith", { op: "name", args: ["title"] }, { op: "value", args: ["Å"] }] },
      {
        op: "||",
        args: [
          {
            op: ">",
            args: [
              { op: "name", args: ["likes"] },
              { op: "value", args: [1] },
            ],
          },
          {
            op: "==",
            args: [
              { op: ".", args: [{ op: "name", args: ["owner"] }, "name"] },
              { op: "value", args: ["Ann"] },
            ],
          },
        ],
      },
    ],
  },
  count: 2,
  match: '"e1.1"',
  flaky: "n1",
  tries: [3, true, true],
  stale: [true, true, "LandfallError", "record_version_conflict", "r1"],
  batch: [{ id: "n1", title: "Åse 𝒳", likes: 1, version: 1 }, null],
  late: "timeout",
  aborted: "aborted",
  warned: [1, true],
};

try {
  run(process.execPath, ["sdk/build.mjs"]);
  if (!existsSync(engine("hermes-compiler")))
    run("npm", ["ci", "--prefix", here, "--no-audit", "--no-fund", "--ignore-scripts"]);
  for (const entry of ["index", "wire/index", "cel/index"]) await compiles(entry);
  await runs();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function compiles(entry: string): Promise<void> {
  const file = join(scratch, `${entry.replace("/", "-")}.js`);
  writeFileSync(file, await script(join(root, "sdk/dist/package/dist", `${entry}.js`)));
  const compiler = engine(`hermes-compiler/hermesc/${platform}/hermesc`);
  run(compiler, ["-emit-binary", "-O", "-w", "-out", `${file}.hbc`, file]);
  const version = /release version: (\S+)/.exec(run(compiler, ["--version"]))?.[1];
  process.stdout.write(`ok     ${entry} compiles (Hermes ${version})\n`);
}

async function runs(): Promise<void> {
  const file = join(scratch, "story.js");
  writeFileSync(file, lowered(await script(join(here, "story.js"))));
  const machine = engine(`hermes-engine-cli/${platform}/hermes`);
  const printed = run(machine, ["-Xes6-promise", "-w", file]);
  const same = printed.startsWith("{") && isSame(JSON.parse(printed), expected);
  if (!same)
    throw new Error(`The core behaves differently in Hermes:\n${printed}\nexpected\n${JSON.stringify(expected)}`);
  process.stdout.write("ok     the core runs (Hermes 0.12, the engine of React Native 0.70)\n");
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)])); // biome-ignore format: one line
}

async function script(input: string): Promise<string> {
  const bundle = await rolldown({ input, platform: "neutral", resolve: { conditionNames: ["default"] } });
  const { output } = await bundle.generate({ format: "iife", name: "landfall" });
  await bundle.close();
  return output[0].code;
}

/** As Metro does before it bundles: to the language of that engine, nothing added to its library. */
function lowered(code: string): string {
  const require = createRequire(join(here, "package.json"));
  const babel = require("@babel/core") as { transformSync(code: string, options: object): { code: string } };
  // A browser without classes and generators: the preset knows no Hermes.
  const presets = [[require.resolve("@babel/preset-env"), { targets: { ie: "11" } }]];
  return babel.transformSync(code, { presets, sourceType: "script", configFile: false, babelrc: false, compact: false })
    .code;
}

function run(command: string, args: readonly string[]): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8", timeout: 300_000 });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")}\n${error?.message ?? ""}${stdout}${stderr}`);
}
