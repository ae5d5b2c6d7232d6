// What a command is, and what it gets. One file a command; the table of them is index.ts.
import type { Environment } from "../kernel/config/index.ts";
import type { Rooms, Terminal } from "../main.ts";

export interface Option {
  readonly type: "string" | "boolean";
  /** Stands after the name in the help: `--url <url>`. */
  readonly value?: string;
  readonly text: string;
}

export interface Command {
  /** `<collection> [file]`; empty when it takes none. */
  readonly usage: string;
  /** Paragraphs after the options. */
  readonly details?: string;
  readonly options: { readonly [name: string]: Option };
  readonly positionals: { readonly min: number; readonly max: number };
  run(call: Call): Promise<void>;
}

export interface Call {
  readonly env: Environment;
  readonly terminal: CommandTerminal;
  readonly positionals: readonly string[];
  readonly flag: (name: string) => boolean;
  readonly text: (name: string) => string | undefined;
  readonly loadRooms: () => Promise<Rooms>;
}

export interface CommandTerminal extends Terminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream;
  /** With `--json`: one JSON document; otherwise the lines. */
  answer(document: object, ...lines: string[]): void;
}

export const remoteOptions = {
  url: {
    type: "string",
    value: "url",
    text: "The running server. Default: LANDFALL_PUBLIC_URL, else http://localhost:PORT.",
  },
  key: {
    type: "string",
    value: "key",
    text: "An API key. Default: LANDFALL_SERVICE_KEY, which no process list shows.",
  },
} as const satisfies Record<string, Option>;
