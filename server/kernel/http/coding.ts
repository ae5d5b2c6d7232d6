// Content codings: which one the client takes, and the compressing itself.
import { promisify } from "node:util";
import { brotliCompress, constants, gzip, zstdCompress } from "node:zlib";

export type Coding = "zstd" | "br" | "gzip";

/** Below this a compressed body saves less than its headers and CPU cost. */
export const compressedBytesMin = 1024;

export const tagSuffix: { readonly [coding in Coding]: string } = { zstd: "-zst", br: "-br", gzip: "-gz" };

/** For what is compressed on the way out: zstd is the cheapest for the size it reaches. */
const cheapestFirst: readonly Coding[] = ["zstd", "br", "gzip"];
const chosen = new Map<string, Coding | undefined>();

/** Browsers send a handful of different headers; each is read once. */
export function negotiateCoding(acceptEncoding: string | undefined): Coding | undefined {
  if (acceptEncoding === undefined) return undefined;
  if (chosen.has(acceptEncoding)) return chosen.get(acceptEncoding);
  const coding = chooseCoding(acceptEncoding, cheapestFirst);
  if (chosen.size < 256 && acceptEncoding.length < 256) chosen.set(acceptEncoding, coding);
  return coding;
}

/** The one of `offered` that the client likes best; where it does not mind, the first. */
export function chooseCoding(acceptEncoding: string, offered: readonly Coding[]): Coding | undefined {
  const weights = new Map<string, number>();
  for (const item of acceptEncoding.split(",", 32)) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    weights.set(name === "x-gzip" ? "gzip" : name, /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q) ? Number(q) : 0);
  }
  let best: Coding | undefined;
  let bestWeight = 0;
  for (const coding of offered) {
    const weight = weights.get(coding) ?? weights.get("*") ?? 0;
    if (weight > bestWeight) [best, bestWeight] = [coding, weight];
  }
  // `identity` with a higher weight means the client would rather have plain bytes.
  return (weights.get("identity") ?? 0) > bestWeight ? undefined : best;
}

const gzipAsync = promisify(gzip);
const brotliAsync = promisify(brotliCompress);
const zstdAsync = promisify(zstdCompress);

/** Levels measured for JSON of 10 to 100 KB made per request: beyond these CPU doubles for a few per cent of size. */
export function compress(text: string | Buffer, coding: Coding): Promise<Buffer> {
  if (coding === "gzip") return gzipAsync(text, { level: 5 });
  const size = Buffer.byteLength(text);
  if (coding === "zstd") return zstdAsync(text, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  return brotliAsync(text, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 4,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: size,
    },
  });
}
