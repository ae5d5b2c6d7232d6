// What the writer of definitions is handed, and what a caller may ask of it.
import type { CapturedCollection } from "../kernel/changelog/types.ts";
import type { Db, TransactionOptions } from "../kernel/db/index.ts";
import type { FieldTools } from "./definition-field.ts";
import type { CheckRule, ClassifyRule } from "./definition-judge.ts";

/** The change log's side of a definition: `installCapture`, `removeCapture` and `announce` of server/kernel/changelog. */
export interface Capture {
  install(tx: Db, collection: CapturedCollection): Promise<void>;
  remove(tx: Db, table: string): Promise<void>;
  announce(tx: Db, statement: CollectionStatement): Promise<void>;
}
export interface CollectionStatement {
  readonly collection: number;
  readonly op: "schema" | "rules" | "drop";
  readonly schemaVersion: number;
}

/** Something that knows collections by name, such as the scopes of API keys. Told in the transaction of the change. */
export interface NameFollower {
  renamed(tx: Db, from: string, to: string): Promise<void>;
  dropped(tx: Db, name: string): Promise<void>;
}

export interface DefinitionTools extends FieldTools {
  readonly checkRule: CheckRule;
  /** What is shown beside a rule; nothing when left out. */
  readonly classifyRule?: ClassifyRule;
  readonly capture: Capture;
  readonly followers: readonly NameFollower[];
  /** How long a change waits for readers and writers of the table before it gives up. They wait behind it meanwhile. */
  readonly lockTimeoutMs: number;
}

export interface ChangeOptions {
  /** Schema versions of which the definition must have one (`If-Match`). */
  readonly ifVersions?: readonly number[];
  /** The caller knows that values are lost. */
  readonly confirmLoss: boolean;
  readonly tags: NonNullable<TransactionOptions["tags"]>;
}
