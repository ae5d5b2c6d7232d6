// Why a start or a command ended: one line for the person and one exit code for the script. docs and --help list them.
export const exitCodes = {
  failed: { code: 1, text: "Something unexpected; the line above says what." },
  usage: { code: 2, text: "The command line is wrong." },
  config_invalid: { code: 10, text: "A setting in the environment is wrong." },
  port_taken: { code: 11, text: "The port is taken or not permitted." },
  database_unreachable: { code: 12, text: "The database does not answer or refuses the credentials." },
  database_version: { code: 13, text: "Postgres is older than 14 or newer than 18." },
  database_privileges: { code: 14, text: "The database role lacks a privilege; the line holds the GRANT." },
  database_read_only: { code: 15, text: "The database is a standby or read-only." },
  schema_foreign: { code: 16, text: "A schema named landfall exists that is not ours." },
  schema_newer: { code: 17, text: "The database was made by a newer Landfall." },
  postgres_missing: { code: 18, text: "The embedded Postgres cannot run here." },
  data_dir_refused: { code: 19, text: "The data folder holds something else, or cannot be used." },
  master_key_wrong: { code: 20, text: "The master key is not the one this database was set up with." },
  not_set_up: { code: 21, text: "There is no installation here yet." },
  server_refused: { code: 22, text: "The server refused the request as it is; the line says what to mend." },
  server_unreachable: { code: 23, text: "No Landfall answers at the address." },
  credential_refused: { code: 24, text: "The server does not know the key, or the key may not do this." },
  server_busy: { code: 25, text: "The server could not do it now; the same command may work later." },
  lines_refused: { code: 26, text: "The import is done, but some lines were not taken; the first are listed." },
  broke_off: { code: 27, text: "The connection broke before the end." },
  faults_found: { code: 28, text: "The doctor found faults; each line says how to mend it." },
  input_refused: { code: 29, text: "What was given is not accepted, such as a password that is too short." },
  file_unusable: { code: 30, text: "A file named on the command line cannot be read or written." },
  older_servers: { code: 31, text: "Servers still running on this database would not survive its migration." },
  data_not_kept: {
    code: 32,
    text: "In a container: the data folder is on no volume, and LANDFALL_EPHEMERAL=1 is not set.",
  },
  archive_refused: { code: 40, text: "The backup is damaged, incomplete, or none that this version reads." },
  passphrase_wrong: { code: 41, text: "The backup was encrypted with another passphrase." },
  database_not_empty: { code: 42, text: "The database to restore into holds something; the line says what." },
  backup_failed: { code: 43, text: "The backup was not taken; the line says why." },
  restore_failed: { code: 45, text: "The restore did not happen and changed nothing; the line says why." },
  drill_failed: { code: 44, text: "The rehearsed restore differs from the backup." },
} as const;

export type ExitReason = keyof typeof exitCodes;

/** An expected end: its message is one line that says what to do. */
export class Exit extends Error {
  readonly reason: ExitReason;
  constructor(reason: ExitReason, line: string, cause?: unknown) {
    super(line, cause === undefined ? undefined : { cause });
    this.name = "Exit";
    this.reason = reason;
  }
  get code(): number {
    return exitCodes[this.reason].code;
  }
}
