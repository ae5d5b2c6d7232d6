/** The one shape of everything long-lived: readers, tickers, the HTTP server, batchers. */
export interface Service {
  readonly name: string;
  /** Starts the work and resolves when it runs. */
  run(): Promise<void>;
  /** No new work; resolves when what was begun has ended. Called first, in reverse order of start. */
  drain(): Promise<void>;
  /** Frees everything. Safe to call twice. */
  stop(): Promise<void>;
}
