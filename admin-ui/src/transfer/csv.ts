// CSV (RFC 4180) read piece by piece: quoted fields may hold commas, quotes and line breaks, and pieces may end anywhere.

export class CsvReader {
  private readonly separator: string;
  private cells: string[] = [];
  private cell = "";
  /** `quoteSeen`: a quote inside a quoted cell, which is its end or the first of two. */
  private state: "start" | "plain" | "quoted" | "quoteSeen" = "start";
  private afterReturn = false;

  constructor(separator = ",") {
    this.separator = separator;
  }

  /** The rows that the piece completes. */
  *read(piece: string): Generator<readonly string[]> {
    for (const letter of piece) {
      const lineFeedOfReturn = this.afterReturn && letter === "\n";
      this.afterReturn = false;
      if (lineFeedOfReturn) continue;
      if (this.state === "quoted") {
        if (letter === '"') this.state = "quoteSeen";
        else this.cell += letter;
        continue;
      }
      if (this.state === "quoteSeen" && letter === '"') {
        this.cell += letter;
        this.state = "quoted";
      } else if (this.state === "start" && letter === '"') this.state = "quoted";
      else if (letter === this.separator) this.endCell();
      else if (letter === "\n" || letter === "\r") {
        this.afterReturn = letter === "\r";
        yield* this.endRow();
      } else {
        this.cell += letter;
        this.state = "plain";
      }
    }
  }

  /** The last row, when the file does not end with a line break. */
  *end(): Generator<readonly string[]> {
    yield* this.endRow();
  }

  private endCell(): void {
    this.cells.push(this.cell);
    this.cell = "";
    this.state = "start";
  }

  private *endRow(): Generator<readonly string[]> {
    const blank = this.cells.length === 0 && this.cell === "" && this.state === "start";
    this.endCell();
    const row = this.cells;
    this.cells = [];
    if (!blank) yield row;
  }
}

/** Spreadsheets in many countries save with semicolons or tabs: what stands most often in the first line wins. */
export function separatorOf(firstLine: string): string {
  const times = (letter: string) => firstLine.split(letter).length;
  return [",", ";", "\t"].reduce((best, next) => (times(next) > times(best) ? next : best));
}
