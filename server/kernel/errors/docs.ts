// The text of docs/errors.md, made from the catalogue. A contract test compares the file with it.
import { type ErrorDefinition, errorCatalogue } from "./index.ts";

/** Every room's errors must be imported before this is called. */
export function errorDocs(catalogue: ReadonlyMap<string, ErrorDefinition> = errorCatalogue()): string {
  const entries = [...catalogue].sort(
    ([leftCode, left], [rightCode, right]) => left.status - right.status || (leftCode < rightCode ? -1 : 1),
  );
  return `${intro}\n${entries.map(section).join("\n")}`;
}

const intro = `# Errors

Made from the table of error codes; do not edit. Every error is \`application/problem+json\` (RFC 9457) with the members
\`type\`, \`title\`, \`status\`, \`detail\`, \`code\`, \`advice\`, \`requestId\` and \`errors\`: a list of \`{path, code, message}\`
where \`path\` is a JSON Pointer into the body, or \`query.<name>\`, \`path.<name>\` or \`header.<name>\`. Codes are stable;
texts are not. How HTTP is spoken otherwise: [protocol/http.md](protocol/http.md).
`;

function section([code, definition]: [string, ErrorDefinition]): string {
  return `## ${code}\n\n**${definition.status}** ${definition.says}\n\n${definition.advice}\n`;
}
