// The only way to Postgres. Rooms write SQL in their store files and hand it over as statements.
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** A named statement is parsed and planned once per connection. Derive it from the text, so that one name is one text. */
  readonly name?: string;
}

/** One row as Postgres' own text of each column, in select-list order. The hot paths render JSON from this. */
export type TextRow = readonly (string | null)[];

export interface TextResult {
  readonly rows: readonly TextRow[];
  /** Rows affected, for statements without a select list. */
  readonly count: number;
}

/** What a transaction tells the capture triggers. */
export interface WriteTags {
  readonly actor: string;
  readonly request: string;
  readonly mutation?: string | undefined;
  /** Capture an INSERT once for the statement instead of once per row. */
  readonly bulk?: boolean;
}

export interface TransactionOptions {
  readonly isolation?: "read committed" | "repeatable read";
  readonly readOnly?: boolean;
  readonly tags?: WriteTags;
}

export interface Db {
  /** Rows as objects; int8 arrives as a number (the product never stores one beyond 2^53), other types as pg parses them. */
  query<Row extends object = Record<string, unknown>>(statement: Statement): Promise<Row[]>;
  /** Rows as arrays of Postgres' own text, nothing parsed. */
  texts(statement: Statement): Promise<TextResult>;
  /** The same with every text as octets (kernel/octets.ts), for what leaves as it came. */
  octets(statement: Statement): Promise<TextResult>;
  /** Runs the work on one connection; inside a transaction it becomes a savepoint. A connection lost at COMMIT rejects. */
  transaction<T>(work: (tx: Db) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** True on the `tx` handed to a transaction's work. */
  readonly inTransaction: boolean;
}
