// Splits one big JSON array into the texts of its elements, piece by piece, without parsing the whole.

export class JsonArrayReader {
  private depth = 0;
  private inText = false;
  private escaped = false;
  private element = "";

  *read(piece: string): Generator<string> {
    for (const letter of piece) {
      if (this.depth === 0) {
        // Before the opening bracket, or after the closing one.
        if (letter === "[") this.depth = 1;
        continue;
      }
      const ends = !this.inText && this.depth === 1 && (letter === "," || letter === "]");
      if (ends) {
        const text = this.element.trim();
        this.element = "";
        if (letter === "]") this.depth = 0;
        if (text !== "") yield text;
        continue;
      }
      this.element += letter;
      this.follow(letter);
    }
  }

  private follow(letter: string): void {
    if (this.inText) {
      if (this.escaped) this.escaped = false;
      else if (letter === "\\") this.escaped = true;
      else if (letter === '"') this.inText = false;
    } else if (letter === '"') this.inText = true;
    else if (letter === "{" || letter === "[") this.depth += 1;
    else if (letter === "}" || letter === "]") this.depth -= 1;
  }
}
