// docs/cli.md, from what each command says of itself with `--help`.
import { runCli } from "../../server/cli/index.ts";

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
  return `${intro}\n${commands.join("\n")}`;
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
