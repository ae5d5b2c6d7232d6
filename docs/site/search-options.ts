// How the search reads texts: the same when the index is built and when it is asked.
import type { Options } from "minisearch";

export interface Found {
  /** Its address. */
  readonly id: string;
  readonly page: string;
  /** The page's title, on its first section only: what a page is called says less about its other sections. */
  readonly title: string;
  readonly heading: string;
  readonly text: string;
  readonly start: string;
}

export const searchOptions: Options<Found> = {
  fields: ["title", "heading", "text"],
  storeFields: ["page", "heading", "start"],
  // `record_not_found` is one word and three; `LANDFALL_DATA_DIR` too; `orNull` is found by `null`.
  tokenize: (text) => {
    const words = text.split(/[^\p{L}\p{N}_$]+/u).filter((word) => word !== "");
    return words.flatMap((word) => {
      const parts = word.split(/_|(?<=\p{Ll})(?=\p{Lu})/u).filter((part) => part !== "");
      return parts.length > 1 ? [word, ...parts] : [word];
    });
  },
  searchOptions: {
    boost: { title: 4, heading: 3 },
    prefix: true,
    fuzzy: (term) => (term.length > 4 ? 0.2 : false),
    combineWith: "AND",
  },
};
