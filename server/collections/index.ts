// The door of this room: definitions and records, the only place where either is read or written.
import { compilePattern } from "@landfall/client/cel";
import type { Logger } from "pino";
import { announce, type ChangeLog, installCapture, removeCapture } from "../kernel/changelog/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Db } from "../kernel/db/index.ts";
import type { ExtendOpenApi, Route } from "../kernel/http/index.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import { definitionRoutes } from "./definition-routes.ts";
import type { DefinitionTools } from "./definition-write.ts";
import { type Denials, denialLog } from "./denial.ts";
import { checkRule } from "./expression-env.ts";
import { fieldKinds } from "./field-kinds.ts";
import { createSchemaRegistry, type SchemaRegistry } from "./schemas-registry.ts";

export interface CollectionsOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly masterKey: MasterKey;
  readonly changeLog: ChangeLog;
}

export interface Collections {
  readonly routes: readonly Route[];
  readonly registry: SchemaRegistry;
  readonly denials: Denials;
  readonly extendOpenApi: ExtendOpenApi;
}

export function createCollections({ db, clock, log, changeLog }: CollectionsOptions): Collections {
  const registry = createSchemaRegistry({
    db,
    pollMs: 1_000,
    onError: (error) => log.warn({ err: error }, "definitions could not be read again"),
  });
  const pattern = (source: string) => {
    const compiled = compilePattern(source);
    return (text: string) => compiled.test(text) === true;
  };
  const tools: DefinitionTools = {
    kindOf: fieldKinds(pattern),
    compilePattern: pattern,
    checkRule(schemas, schema, operation, text) {
      checkRule(schemas, schema, text, { operation });
      return [];
    },
    capture: { install: installCapture, remove: removeCapture, announce },
    followers: [],
    lockTimeoutMs: 2_000,
  };
  const every = (ms: number, work: () => void) => {
    const timer = setInterval(work, ms);
    return () => clearInterval(timer);
  };
  changeLog.ring();
  return {
    routes: definitionRoutes({ db, registry, tools }),
    registry,
    denials: denialLog({ db, clock, every }),
    extendOpenApi: (document) => document,
  };
}
