/** The product's name and every prefix derived from it, in one place. */
export const product = {
  name: "Landfall",
  /** System schema in Postgres; also the prefix of the transaction-local settings (`landfall.actor`). */
  schema: "landfall",
  envPrefix: "LANDFALL_",
  /** Secret prefixes let secret scanners and log redaction recognise our credentials. */
  secretPrefixes: {
    apiKey: "lf_key_",
    session: "lf_ses_",
    setup: "lf_setup_",
    refresh: "lf_ref_",
    challenge: "lf_one_",
    client: "lf_cli_",
    clientRefresh: "lf_rtk_",
  },
  version: "0.1.0",
} as const;
