// The door of this room: definitions and records, the only place where either is read or written.
import type { Logger } from "pino";
import { service } from "../kernel/actor.ts";
import { pause } from "../kernel/changelog/bell.ts";
import { type ChangeLog, refreshCapture } from "../kernel/changelog/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Db } from "../kernel/db/index.ts";
import type { ExtendOpenApi, Route } from "../kernel/http/index.ts";
import { uuidv7 } from "../kernel/ids.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import { batchRoutes } from "./batch.ts";
import { cursorSecret } from "./cursor-store.ts";
import { definitionRoutes } from "./definition-routes.ts";
import type { CollectionInput } from "./definition-shape.ts";
import { capturedCollection } from "./definition-table.ts";
import { definitionTools } from "./definition-tools.ts";
import { createCollection } from "./definition-write.ts";
import { type Denials, denialLog } from "./denial.ts";
import { denialRoutes } from "./denial-routes.ts";
import { importer } from "./import.ts";
import { importRoutes } from "./import-routes.ts";
import { type BulkWriter, bulkWriter } from "./record-bulk.ts";
import { extendRecordPaths } from "./record-openapi.ts";
import { type RecordReader, recordReader } from "./record-read.ts";
import type { Room } from "./record-room.ts";
import { recordRoutes } from "./record-routes.ts";
import { type RecordWriter, recordWriter } from "./record-write.ts";
import { createSchemaRegistry, type SchemaRegistry } from "./schemas-registry.ts";

export { captureOwnedTables, finishOwnedTables, makeOwnedTables, type OwnedTable, ownedTables } from "./definition-rebuild.ts"; // biome-ignore format: one line
export type { CollectionInput } from "./definition-shape.ts";
export { type Line, linesOf } from "./import-lines.ts";

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
  readonly records: Records;
  /** Makes a collection that the product itself needs, unless one of its name is there. */
  provide(input: CollectionInput): Promise<void>;
  readonly extendOpenApi: ExtendOpenApi;
  /** Brings capture triggers that an older release wrote up to date; waits for locks as long as it takes. */
  refreshCapture(): Promise<void>;
}

/** Records for other rooms: the reader and the writers that the routes use, under the same rules. */
export interface Records extends RecordReader, RecordWriter, BulkWriter {}

export function createCollections({ db, clock, log, masterKey, changeLog }: CollectionsOptions): Collections {
  const registry = createSchemaRegistry({
    db,
    pollMs: 500,
    onError: (error) => log.warn({ err: error }, "definitions could not be read again"),
  });
  const tools = definitionTools({ lockTimeoutMs: 2_000 });
  const every = (ms: number, work: () => void) => {
    const timer = setInterval(work, ms);
    return () => clearInterval(timer);
  };
  const denials = denialLog({ db, clock, every });
  const room: Room = {
    schemas: registry,
    kinds: tools.kindOf,
    cursorSecret: cursorSecret(db, masterKey),
    epoch: () => changeLog.head().epoch,
    ring: () => changeLog.ring(),
    denials,
    newId: () => uuidv7(clock.now()),
    pauseBeforeRetry: (attempt) => pause(Math.random() * 10 * 2 ** attempt),
  };
  const doors = { room, reader: recordReader(room), writer: recordWriter(room), bulk: bulkWriter(room) };
  return {
    routes: [
      ...recordRoutes(doors),
      ...batchRoutes(doors),
      ...importRoutes(doors, importer(room, doors.bulk)),
      ...denialRoutes(room),
      ...definitionRoutes({ db, registry, tools }),
    ],
    registry,
    denials,
    records: { ...doors.reader, ...doors.writer, ...doors.bulk },
    async provide(input) {
      const { byName } = await registry.refresh();
      if (byName.has(input.name)) return;
      const tags = { actor: service.label, request: "start" };
      await createCollection(db, input, tools, tags).catch(async (error: unknown) => {
        // Another process was faster.
        if (!(await registry.refresh()).byName.has(input.name)) throw error;
      });
      await registry.refresh();
    },
    extendOpenApi: extendRecordPaths(room),
    async refreshCapture() {
      const captured = (id: number) => {
        const schema = registry.current().byId.get(id);
        return schema && capturedCollection(schema, tools.kindOf);
      };
      const ids = [...registry.current().byId.keys()];
      await refreshCapture(db, { ids, captured }, (attempt) => pause(Math.min(10_000, 250 * 2 ** attempt)));
    },
  };
}
