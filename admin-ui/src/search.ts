// What the address of a screen carries behind the question mark, so that a link leads back to the same view.

export interface SignInSearch {
  /** Where to go back to. Only addresses of the console itself are followed. */
  readonly return?: string;
  readonly expired?: boolean;
}

export interface RecordsSearch {
  readonly filter?: string;
  readonly sort?: string;
  /** The record open in the drawer, or `new`. */
  readonly record?: string;
}

export interface RulesSearch {
  /** The rule to scroll to and focus, as the denials screen links it. */
  readonly rule?: string;
}
