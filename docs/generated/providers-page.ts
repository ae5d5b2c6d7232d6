// docs/providers.md: what to do in the console of each provider, from the presets that the server works with.
import { givesIdTokens, type Preset, presets } from "../../server/auth/oauth-presets.ts";

export function providersPage(): string {
  const sections = Object.entries<Preset>(presets).map(([name, preset]) => section(name, preset));
  return `# Providers of sign-in

What to do at each provider before people can sign in with it. Made from the presets that the server works with; do not edit. How to
set one up here, and what an app does: [sign in with](guides/sign-in-with.md).

The address to register is \`<your public URL>/v1/auth/oauth/<name>/callback\`; below it stands with the preset's own name. An answer of
\`GET /v1/collections/users/auth/providers/<name>\` holds it as \`redirectUrl\`.

${sections.join("\n")}`;
}

function section(name: string, preset: Preset): string {
  const callback = `\`https://app.example.com/v1/auth/oauth/${name}/callback\``;
  const steps = preset.setup.steps.map((step, at) => `${at + 1}. ${inText(step).replace("{redirect}", callback)}`);
  const rows = [
    ["preset", `\`${name}\``],
    ["scopes", preset.scopes.map((scope) => `\`${scope}\``).join(" ")],
    ["the address counts as verified", vouching(preset)],
    ["id tokens of native apps", givesIdTokens(preset) ? "yes" : "no"],
  ];
  return `## ${preset.label}

At <${preset.setup.url}>:

${steps.join("\n")}

| | |
|---|---|
${rows.map(([what, says]) => `| ${what} | ${says} |`).join("\n")}
`;
}

/** Angle brackets would be HTML. */
const inText = (text: string) => text.replace(/https:\/\/\S*<[^>]+>\S*/g, (address) => `\`${address}\``);

function vouching({ claims, endpoints }: Preset): string {
  if (endpoints?.emails !== undefined) return "the one that its list says is verified";
  if (claims.emailVerified === "never") return "never: the provider does not say so";
  if (claims.emailVerified === "always") return "always: it gives out proved ones only";
  return `when it says \`${claims.emailVerified}\``;
}
