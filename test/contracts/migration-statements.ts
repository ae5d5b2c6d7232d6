// Takes a migration file apart: its statements without comments and without the insides of strings, so that a pattern sees
// only what Postgres would execute at once.
export interface MigrationStatement {
  /** One line; every string and function body is `''`. */
  readonly text: string;
  /** From a comment `-- older servers: …` directly above: why this does a running server of the version before no harm. */
  readonly judged: string | undefined;
}

const judgement = /^--\s*older servers:\s*(\S.{19,})$/i;
/** Comment, string, quoted identifier, dollar-quoted body, end of a statement. */
const token = /--[^\n]*|\/\*[\s\S]*?\*\/|[eE]?'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|;/g;

export function statementsOf(sql: string): MigrationStatement[] {
  const found: MigrationStatement[] = [];
  let text = "";
  let judged: string | undefined;
  let at = 0;
  const end = () => {
    const line = text.replace(/\s+/g, " ").trim();
    if (line !== "") found.push({ text: line, judged });
    text = "";
    judged = undefined;
  };
  for (const match of sql.matchAll(token)) {
    text += sql.slice(at, match.index);
    at = match.index + match[0].length;
    if (match[0] === ";") end();
    else if (match[0].startsWith("--")) judged = judgement.exec(match[0])?.[1] ?? judged;
    else if (match[0].startsWith("/*")) text += " ";
    else text += match[0].startsWith('"') ? match[0] : "''";
  }
  text += sql.slice(at);
  end();
  return found;
}

/** Splits at commas outside brackets: the actions of one ALTER TABLE. */
export function actionsOf(list: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < list.length; at++) {
    if (list[at] === "(") depth++;
    else if (list[at] === ")") depth--;
    else if (list[at] === "," && depth === 0) {
      found.push(list.slice(from, at).trim());
      from = at + 1;
    }
  }
  return [...found, list.slice(from).trim()];
}
