/** What one row of the settings table says, and the value type that follows from it. */
interface Common {
  /** Name in the environment; `<name>_FILE` is accepted beside it. */
  readonly env: string;
  readonly text: string;
  readonly group: "Network" | "Data" | "Secrets" | "Mail" | "Database" | "Backups" | "Limits" | "Logs";
  /** Who should touch it: everyone who installs, those who run it for others, or experts after measuring. */
  readonly who: "everyone" | "operators" | "experts";
  /** Never printed, not even in an error about itself. */
  readonly secret?: boolean;
}

export type Setting = Common &
  (
    | { readonly type: "text"; readonly default?: string; readonly min?: number }
    | { readonly type: "path"; readonly default: string }
    | { readonly type: "url"; readonly protocols: readonly string[]; readonly default?: string }
    | { readonly type: "list"; readonly default: readonly string[] }
    | { readonly type: "boolean"; readonly default?: boolean }
    | { readonly type: "choice"; readonly values: readonly string[]; readonly default: string }
    | { readonly type: "key" }
    | {
        readonly type: "integer";
        readonly min: number;
        readonly max: number;
        readonly default: number;
        readonly unit?: string;
      }
  );

interface Values {
  text: string;
  path: string;
  url: string;
  list: readonly string[];
  boolean: boolean;
  /** 32 bytes. */
  key: Buffer;
  integer: number;
}

type ValueOf<S extends Setting> = S extends { type: "choice"; values: readonly (infer V)[] }
  ? V
  : S["type"] extends keyof Values
    ? Values[S["type"]]
    : never;

/** The validated values: a setting without a default may be undefined. */
export type ConfigOf<Table extends Record<string, Setting>> = {
  readonly [K in keyof Table]: Table[K] extends { readonly default: unknown }
    ? ValueOf<Table[K]>
    : ValueOf<Table[K]> | undefined;
};
