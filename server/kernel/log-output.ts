// Where log lines leave the process: batched, in order, and never in the way. Whoever reads them may be slow, or gone.
//
//   read as it comes    written when 4 KiB are there, twice a second in any case, and at exit
//   read too slowly     kept up to a bound, then the newest lines are dropped and their number is told
//   read by nobody      dropped; the server is not
import { writeSync } from "node:fs";

export interface LogOutput {
  write(line: string): void;
  /** Writes what there is, as far as the reader takes it now. */
  flush(): void;
  /** The last chance: waits for a slow reader, but not for ever. */
  end(): void;
}

export interface LogOutputOptions {
  /** Writes bytes and says how many, or throws like `fs.writeSync`. */
  readonly put: (bytes: Buffer) => number;
  readonly batchBytes?: number;
  readonly keptBytesMax?: number;
  readonly endWithinMs?: number;
}

/** To a file descriptor. */
export const toDescriptor = (fd: number) => (bytes: Buffer) => writeSync(fd, bytes);

export function createLogOutput(options: LogOutputOptions): LogOutput {
  const { put, batchBytes = 4_096, keptBytesMax = 1_048_576, endWithinMs = 1_000 } = options;
  let lines: string[] = [];
  let length = 0;
  let bytes: Buffer = Buffer.alloc(0);
  let dropped = 0;

  const gather = () => {
    if (lines.length > 0) bytes = Buffer.concat([bytes, Buffer.from(lines.join(""))]);
    lines = [];
    length = 0;
  };
  const lost = () => {
    if (dropped === 0) return;
    const line = {
      level: 40,
      time: new Date().toISOString(),
      dropped,
      msg: "log lines were dropped: nobody read them in time",
    };
    bytes = Buffer.concat([bytes, Buffer.from(`${JSON.stringify(line)}\n`)]);
    dropped = 0;
  };

  /** False: the reader takes no more for now. */
  function flush(): boolean {
    gather();
    try {
      while (bytes.length > 0) {
        bytes = bytes.subarray(put(bytes));
        if (bytes.length === 0) lost();
      }
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EAGAIN" || code === "EBUSY") return false;
      // The reader is gone (EPIPE), the disk is full: nobody could be told.
      bytes = Buffer.alloc(0);
      return true;
    }
  }

  return {
    write(line) {
      if (bytes.length + length > keptBytesMax) {
        dropped += 1;
        return;
      }
      lines.push(line);
      length += line.length;
      if (length >= batchBytes) flush();
    },
    flush: () => void flush(),
    end() {
      const until = performance.now() + endWithinMs;
      const clock = new Int32Array(new SharedArrayBuffer(4));
      while (!flush() && performance.now() < until) Atomics.wait(clock, 0, 0, 10);
    },
  };
}
