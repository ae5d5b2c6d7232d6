// The settings table as text: for `landfall start --help` and for docs/config.md.
import { exitCodes } from "../exit.ts";
import { settings } from "./settings.ts";
import type { Setting } from "./types.ts";

const rows: readonly Setting[] = Object.values(settings);
const groups = [...new Set(rows.map((setting) => setting.group))];

export function settingsHelp(): string {
  const width = Math.max(...rows.map((setting) => setting.env.length)) + 2;
  return groups
    .map((group) => {
      const lines = rows
        .filter((setting) => setting.group === group)
        .map((setting) => `  ${setting.env.padEnd(width)}${setting.text}${shown(setting) && ` [${shown(setting)}]`}`);
      return `${group}\n${lines.join("\n")}`;
    })
    .join("\n\n");
}

/** The whole of docs/config.md. */
export function settingsPage(): string {
  const sections = groups.map((group) => {
    const lines = rows
      .filter((setting) => setting.group === group)
      .map(
        (setting) =>
          `| \`${setting.env}\` | ${kind(setting)} | ${code(shown(setting))} | ${setting.who} | ${cell(setting.text)} |`,
      );
    return `## ${group}\n\n| name | type | default | for | what it does |\n|---|---|---|---|---|\n${lines.join("\n")}\n`;
  });
  return `# Configuration

Generated from \`server/kernel/config/settings.ts\` by \`npm run docs\`; change it there.

Settings come from the environment. Each one also takes \`<NAME>_FILE\`, the path of a file that holds the value, as
container secrets do; giving both is an error. An empty value counts as unset. All mistakes are reported at once, and an
unknown name that starts with \`LANDFALL_\` is pointed out.

${sections.join("\n")}
## Exit codes

What \`landfall\` ends with, beside 0. The same table stands in \`landfall --help\`.

| code | name | meaning |
|---|---|---|
${Object.entries(exitCodes)
  .map(([name, { code, text }]) => `| ${code} | \`${name}\` | ${text} |`)
  .join("\n")}
`;
}

function shown(setting: Setting): string {
  if (!("default" in setting) || setting.default === undefined) return "";
  return Array.isArray(setting.default) ? setting.default.join(",") : String(setting.default);
}

function kind(setting: Setting): string {
  switch (setting.type) {
    case "integer":
      return `${setting.unit ?? "integer"}, ${setting.min} to ${setting.max}`;
    case "choice":
      return setting.values.join(", ");
    case "key":
      return "32 bytes, secret";
    default:
      return setting.secret ? `${setting.type}, secret` : setting.type;
  }
}

const code = (text: string) => (text === "" ? "" : `\`${text}\``);
const cell = (text: string) => text.replace(/[|<]/g, (sign) => (sign === "<" ? "&lt;" : "\\|"));
