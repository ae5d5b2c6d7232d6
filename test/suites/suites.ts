// The suites of the test command, in order. A suite that outlives its budget is stopped and counts as failed.
export interface Suite {
  readonly name: string;
  /** Vitest path filters. */
  readonly paths: readonly string[];
  readonly budgetSeconds: number;
}

export const suites: readonly Suite[] = [
  { name: "unit", paths: ["server/", "sdk/", "migrations/", "admin-ui/"], budgetSeconds: 180 },
  { name: "contracts", paths: ["test/contracts/"], budgetSeconds: 150 },
  { name: "journeys", paths: ["test/journeys/"], budgetSeconds: 200 },
  { name: "attacks", paths: ["test/attacks/"], budgetSeconds: 220 },
  { name: "browser", paths: ["test/browser/"], budgetSeconds: 150 },
];
