/** Pool settings of every test: short waits, so that a hang fails and says where. */
export const poolDefaults = {
  max: 5,
  statementTimeoutMs: 20_000,
  lockTimeoutMs: 5_000,
  idleInTransactionTimeoutMs: 20_000,
  acquireTimeoutMs: 10_000,
  prepare: true,
} as const;
