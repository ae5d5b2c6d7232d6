// docs/limits.md: every limit with its number, from the code that enforces it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { limits as expressionLimits } from "@landfall/client/cel";
import { mailLimits } from "../../server/auth/account-mail.ts";
import { attemptLimits } from "../../server/auth/sign-in-limits.ts";
import type { Limit } from "../../server/auth/throttle.ts";
import { queryLimits } from "../../server/collections/query-types.ts";
import { settings } from "../../server/kernel/config/settings.ts";
import { defaultHttpSettings } from "../../server/kernel/http/settings.ts";

type Row = readonly [what: string, limit: string, note?: string];

export function limitsPage(): string {
  const sections = groups().map(
    ([title, rows]) =>
      `## ${title}\n\n| what | limit | |\n|---|---:|---|\n${rows.map(([what, limit, note = ""]) => `| ${what} | ${limit} | ${note} |`).join("\n")}\n`,
  );
  return `# Limits

Made from the code that enforces them; do not edit. A limit that is met is named in the error, with its number. What an operator may set
stands with its setting; the number is the default.

${sections.join("\n")}`;
}

function groups(): readonly (readonly [string, readonly Row[]])[] {
  const http = defaultHttpSettings;
  return [
    [
      "Requests",
      [
        [
          "JSON body",
          bytes(settings.bodyLimitBytes.default),
          "`LANDFALL_BODY_LIMIT_BYTES`; four times as much for lists of records and batches",
        ],
        ["Nesting of JSON", `${n(constant("server/kernel/http/json-body.ts", "jsonDepthMax"))} levels`],
        ["URL", bytes(http.urlLimitBytes)],
        ["Headers", bytes(http.headerLimitBytes)],
        ["Query parameters", n(constant("server/kernel/http/query-text.ts", "parametersMax"))],
        [
          "Time for one request",
          seconds(settings.handlerDeadlineMs.default),
          "`LANDFALL_REQUEST_DEADLINE_MS`; streams are bounded by silence instead",
        ],
        [
          "Requests of one credential",
          `${n(settings.ratePerCredential.default)} a minute`,
          "`LANDFALL_RATE_PER_CREDENTIAL`",
        ],
        [
          "Requests of one address without a credential",
          `${n(settings.ratePerAddress.default)} a minute`,
          "`LANDFALL_RATE_PER_ADDRESS`",
        ],
        [
          "Requests worked on at once",
          `${n(settings.inFlightMax.default)} a process`,
          "`LANDFALL_IN_FLIGHT_MAX`; more are answered 503",
        ],
        ["Open connections", `${n(settings.connectionsMax.default)} a process`, "`LANDFALL_CONNECTIONS_MAX`"],
        [
          "Answer kept for an idempotency key",
          bytes(constant("server/kernel/http/idempotency.ts", "replayedBytesMax")),
          "Larger ones replay status, ids and versions",
        ],
      ],
    ],
    [
      "Definitions",
      [
        ["Collections", n(constant("server/collections/definition-write.ts", "collectionsMax"))],
        ["Fields of a collection", n(member("server/collections/definition-shape.ts", "fields"))],
        [
          "Indexes of a collection",
          n(member("server/collections/definition-shape.ts", "indexes")),
          `Of at most ${n(found("server/collections/definition-shape.ts", "fields of an index", /fields: z\.array\(nameText\)\.min\(1\)\.max\((\d+)\)/))} fields each`,
        ],
        [
          "Length of a name",
          `${n(constant("server/collections/definition-names.ts", "nameBytesMax"))} characters`,
          "Small letter first, then letters and digits",
        ],
        ["Length of a rule", `${n(constant("server/collections/definition-shape.ts", "ruleLengthMax"))} characters`],
      ],
    ],
    [
      "Values",
      [
        [
          "Text",
          `${n(constant("server/collections/definition-field.ts", "lengthMax"))} characters`,
          "The largest `max` a field may say; the body's limit comes first",
        ],
        ["E-mail address", `${n(constant("server/collections/field-text.ts", "emailMax"))} characters`],
        ["URL", `${n(constant("server/collections/field-text.ts", "urlMax"))} characters`],
        ["Elements of a `many` field", n(constant("server/collections/field-many.ts", "listMax"))],
        ["Digits of a decimal", n(constant("server/collections/field-number.ts", "decimalDigitsMax"))],
        [
          "Record id",
          `${n(found("server/collections/record-id.ts", "length of an id", /\{1,(\d+)\}/))} characters`,
          "`A-Z a-z 0-9 _ -`",
        ],
      ],
    ],
    [
      "Queries",
      [
        ["Records of a page", n(queryLimits.pageMax), `${queryLimits.pageDefault} unless said`],
        [
          "Records of an expanded to-many relation",
          n(queryLimits.expandMax),
          `${queryLimits.expandDefault} unless said`,
        ],
        ["Expansions", n(queryLimits.expansions), `Nested at most ${queryLimits.expandDepth} deep`],
        ["Page size times nested limits", n(queryLimits.expandedRows)],
        ["Named fields", n(queryLimits.fields)],
        ["Sort keys", n(queryLimits.sortKeys)],
        ["Time for an exact count", seconds(queryLimits.countTimeoutMs)],
      ],
    ],
    [
      "Writes",
      [
        ["Records of one create", n(constant("server/collections/record-bulk.ts", "bulkMax"))],
        ["Operations of a batch", n(constant("server/collections/batch.ts", "batchMax"))],
        [
          "Records that one delete may change by cascade",
          n(constant("server/collections/record-cascade.ts", "cascadeMax")),
        ],
        ["Line of an import", bytes(constant("server/collections/import-lines.ts", "lineBytesMax"))],
        [
          "Records of an atomic import",
          n(constant("server/collections/import.ts", "atomicMax")),
          "Others have no limit",
        ],
      ],
    ],
    [
      "Expressions",
      [
        ["Text", `${n(expressionLimits.textLengthMax)} characters`],
        ["Depth", n(expressionLimits.depthMax)],
        ["Operands of `&&` and `\\|\\|`", n(expressionLimits.clausesMax)],
        ["Nodes of a tree", n(expressionLimits.nodesMax)],
        ["Elements of a list or map", n(expressionLimits.listMax)],
        [
          "Cost",
          n(expressionLimits.costMax),
          "A comparison 1, a hop 10, a search through a collection 50, nested ones multiply",
        ],
        ["Text that `matches` looks at", `${n(expressionLimits.matchInputMax)} characters`],
        ["Text that `+` puts together", `${n(expressionLimits.textResultMax)} characters`],
      ],
    ],
    [
      "Credentials",
      [
        ["API keys", n(constant("server/auth/key-store.ts", "apiKeysMax"))],
        ["Sessions of an admin", n(constant("server/auth/admin-store.ts", "sessionsPerAdminMax"))],
        [
          "Password",
          `${n(constant("server/auth/types.ts", "passwordLengthMin"))} to ${n(constant("server/auth/types.ts", "passwordLengthMax"))} characters`,
        ],
        ["Sign-in tries of one address", tries(attempts.address), "The same over all processes"],
        [
          "Sign-in tries of one account",
          tries(attempts.strangers),
          `An address it signed in from has ${n(attempts.known.burst)} of its own`,
        ],
        ["Mails to one address of a user", tries(mails), "Sign-up, sign-in, reset and change of address together"],
        ["Tries of a mailed code", "5", "Then its flow is over"],
      ],
    ],
  ];
}

/** A constant's number as it stands in the source; many are nobody else's business and therefore not exported. */
export function constant(file: string, name: string): number {
  return found(file, name, new RegExp(`\\bconst ${name} = ([\\d_* ]+);`));
}

const attempts = attemptLimits("signIn");
const mails = mailLimits.strangers;

function tries({ burst, refillMs }: Pick<Limit, "burst" | "refillMs">): string {
  return `${n(burst)}, one back ${refillMs === 60_000 ? "a minute" : `every ${seconds(refillMs)}`}`;
}

function member(file: string, name: string): number {
  return found(file, name, new RegExp(`\\bconst limits = \\{.*\\b${name}: ([\\d_]+)`));
}

function found(file: string, name: string, form: RegExp): number {
  const text = form.exec(readFileSync(join(import.meta.dirname, "../..", file), "utf8"))?.[1];
  if (text === undefined)
    throw new Error(`${file} no longer holds the limit ${name}; mend docs/generated/limits-page.ts.`);
  return text.split("*").reduce((product, factor) => product * Number(factor.trim().replaceAll("_", "")), 1);
}

const n = (value: number) => value.toLocaleString("en");
const seconds = (ms: number) => `${n(ms / 1_000)} s`;

function bytes(value: number): string {
  const [size, unit] = value >= 1024 * 1024 ? [value / 1024 / 1024, "MiB"] : [value / 1024, "KiB"];
  return `${n(size)} ${unit}`;
}
