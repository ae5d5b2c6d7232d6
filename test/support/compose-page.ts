// A page's commands for Docker, taken apart as Compose would: a verb or an option that does not exist, or a service that
// compose.yml does not name, is an error.

export type PageCommand =
  | { readonly kind: "shell"; readonly text: string }
  | { readonly kind: "docker"; readonly text: string }
  | {
      readonly kind: "compose";
      readonly text: string;
      readonly verb: string;
      readonly envFile: string | undefined;
      readonly options: readonly string[];
      /** Services, or for exec and run the one service and what runs in it. */
      readonly words: readonly string[];
      /** The file behind `<`. */
      readonly input: string | undefined;
    };

/** Verb → its options that we use, all without a value. */
const verbs: Readonly<Record<string, readonly string[]>> = {
  build: [],
  cp: [],
  exec: ["-T"],
  run: ["--rm", "-T"],
  up: ["-d", "--build", "--wait", "--no-deps"],
};

export function commandsOf(page: string, compose: string): PageCommand[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text]) => text as string);
  const services = servicesOf(compose);
  return blocks
    .flatMap((block) => block.split("\n"))
    .filter((line) => line !== "")
    .map((line) => {
      if (line.startsWith("docker compose ")) return composeCommand(line, services);
      return { kind: line.startsWith("docker ") ? "docker" : "shell", text: line };
    });
}

export function servicesOf(compose: string): string[] {
  const block = /^services:\n(.*?)^\S/ms.exec(compose)?.[1] ?? "";
  return [...block.matchAll(/^ {2}([a-z-]+):$/gm)].map(([, name]) => name as string);
}

/** What Compose makes of the file with these settings: each variable's value, or its default where it is unset or empty. */
export function rendered(compose: string, envFile: string): string {
  const values = new Map([...envFile.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  return compose.replaceAll(/\$\{(\w+):-([^}]*)\}/g, (_, name, byDefault) => values.get(name) || byDefault);
}

function composeCommand(text: string, services: readonly string[]): PageCommand {
  const [line = "", input] = text.split(" < ");
  const words = line.split(" ").slice(2);
  let envFile: string | undefined;
  if (words[0] === "--env-file") [, envFile] = words.splice(0, 2);
  const verb = words.shift() ?? "";
  const known = verbs[verb];
  if (known === undefined) throw new Error(`${text}: ${verb} is no verb we know`);
  const options: string[] = [];
  while (words[0]?.startsWith("-")) options.push(words.shift() as string);
  const strange = options.filter((option) => !known.includes(option));
  if (strange.length > 0) throw new Error(`${text}: ${strange.join(" ")}`);
  const named =
    verb === "cp" ? [words[0]?.split(":")[0]] : verb === "exec" || verb === "run" ? words.slice(0, 1) : words;
  for (const service of named) if (!services.includes(service ?? "")) throw new Error(`${text}: no service ${service}`);
  return { kind: "compose", text, verb, envFile, options, words, input };
}
