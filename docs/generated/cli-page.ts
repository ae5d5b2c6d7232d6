// docs/cli.md, from what each command says of itself with `--help`.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { runCli } from "../../server/cli/index.ts";

const ofApps = join(import.meta.dirname, "../../sdk/bin/landfall.mjs");

const intro = `# Command line

Made from the commands' own help; do not edit. Run them as \`npx landfall <command>\` in the project's folder. Each ends with its own
[exit code](config.md#exit-codes) for each way to fail, and with \`--json\` answers one JSON document on standard output.
`;

export async function cliPage(): Promise<string> {
  const overview = await said(["--help"]);
  const names = [...overview.matchAll(/^ {2}([a-z][a-z-]*) {2,}/gm)].map((match) => match[1] as string);
  const commands: string[] = [];
  // One after the other: they all print to the same place.
  for (const name of names) commands.push(section(name, await said([name, "--help"])));
  const inApp = execFileSync(process.execPath, [ofApps, "--help"], { encoding: "utf8" });
  return `${intro}\n${commands.join("\n")}\n## In an app\n\nWhere the client is installed, \`npx landfall\` is this smaller command.\n\n\`\`\`text\n${inApp.trim()}\n\`\`\`\n`;
}

/** Without the settings and exit codes, which have a page. */
function section(name: string, help: string): string {
  const [own = ""] = help.split(/\n\n(?:Exit codes|Settings come from)/);
  return `## landfall ${name}\n\n\`\`\`text\n${own.trim()}\n\`\`\`\n`;
}

async function said(args: readonly string[]): Promise<string> {
  let text = "";
  const write = process.stdout.write;
  process.stdout.write = (chunk) => {
    text += String(chunk);
    return true;
  };
  try {
    await runCli(args, {});
  } finally {
    process.stdout.write = write;
  }
  return text;
}
