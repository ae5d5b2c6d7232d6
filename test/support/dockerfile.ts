// Reads a Dockerfile into stages of steps. Only the instructions we use: one it does not know is an error, so that nothing
// in the file is silently left out of what the tests replay.

export type Step =
  | { readonly op: "COPY"; readonly from: string | undefined; readonly sources: readonly string[]; readonly target: string }
  | { readonly op: "RUN"; readonly command: string }
  | { readonly op: "WORKDIR"; readonly path: string }; // biome-ignore format: one line each

export interface Stage {
  readonly name: string;
  /** Another stage's name, or an image. */
  readonly base: string;
  readonly steps: Step[];
}

export interface Dockerfile {
  readonly args: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
  /** Of the last stage. */
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly command: readonly string[];
  readonly health: { readonly options: Readonly<Record<string, string>>; readonly command: readonly string[] };
  readonly stopSignal: string;
  readonly port: number;
}

export function readDockerfile(text: string): Dockerfile {
  const args: Record<string, string> = {};
  const stages: Stage[] = [];
  const image: Record<string, unknown> = { env: {} };
  for (const line of instructions(text)) {
    const [, op = "", rest = ""] = /^(\S+)\s+(.*)$/s.exec(line) ?? [];
    const value = rest.replace(/\$\{(\w+)\}/g, (whole, name: string) => args[name] ?? whole);
    if (op === "ARG") args[before(rest, "=")] = after(rest, "=");
    else if (op === "FROM") stages.push(stageOf(value, stages.length));
    else if (stages.length === 0) throw new Error(`${op} before the first FROM`);
    else apply(op, value, stages.at(-1) as Stage, image);
  }
  return { args, stages, ...image } as unknown as Dockerfile;
}

function instructions(text: string): string[] {
  const lines = text.split("\n").filter((line) => !/^\s*#/.test(line));
  return lines
    .join("\n")
    .replace(/\\\n\s*/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function stageOf(value: string, index: number): Stage {
  const [base = "", word, name] = value.split(/\s+/);
  if (word !== undefined && word.toUpperCase() !== "AS") throw new Error(`FROM ${value}`);
  return { name: name ?? String(index), base, steps: [] };
}

function apply(op: string, value: string, stage: Stage, image: Record<string, unknown>): void {
  switch (op) {
    case "WORKDIR":
      stage.steps.push({ op, path: value });
      return;
    case "RUN":
      stage.steps.push({ op, command: value });
      return;
    case "COPY": {
      const from = /^--from=(\S+)\s+/.exec(value);
      const words = value.slice(from?.[0].length ?? 0).split(/\s+/);
      if (words.some((word) => word.startsWith("--")))
        throw new Error(`a COPY with an option nobody replays: ${value}`);
      stage.steps.push({ op, from: from?.[1], sources: words.slice(0, -1), target: words.at(-1) as string });
      return;
    }
    case "ENV":
      for (const pair of value.split(/\s+/))
        (image.env as Record<string, string>)[before(pair, "=")] = after(pair, "=");
      return;
    case "USER":
      image.user = value;
      return;
    case "EXPOSE":
      image.port = Number(value);
      return;
    case "STOPSIGNAL":
      image.stopSignal = value;
      return;
    case "CMD":
      image.command = JSON.parse(value);
      return;
    case "HEALTHCHECK": {
      const at = value.indexOf("CMD ");
      const options = value.slice(0, at).trim().split(/\s+/);
      image.health = {
        options: Object.fromEntries(options.map((option) => [before(option, "=").slice(2), after(option, "=")])),
        command: JSON.parse(value.slice(at + 4)),
      };
      return;
    }
    default:
      throw new Error(`an instruction nobody replays: ${op}`);
  }
}

const before = (text: string, sign: string) => text.slice(0, text.indexOf(sign));
const after = (text: string, sign: string) => text.slice(text.indexOf(sign) + 1);
