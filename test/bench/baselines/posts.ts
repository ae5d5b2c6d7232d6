// The data of the HTTP benchmarks: 20,000 posts of about 450 bytes, the same for every server under test.
export interface Post {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly status: "open" | "draft" | "done";
  readonly author: string;
  readonly likes: number;
}

export const postCount = 20_000;

/** The n-th post; always the same one. */
export function post(n: number): Post {
  const words = ["harbour", "tide", "lantern", "rope", "signal", "anchor", "drift", "keel"];
  const word = (k: number) => words[(n * 7 + k * 13) % words.length] as string;
  return {
    id: postId(n),
    title: `${word(1)} ${word(2)} ${word(3)} number ${n}`,
    body: Array.from({ length: 40 }, (_, k) => word(k))
      .join(" ")
      .padEnd(300, ".")
      .slice(0, 300),
    status: (["open", "draft", "open", "done"] as const)[n % 4] as Post["status"],
    author: `u${n % 100}`,
    likes: (n * 31) % 1_000,
  };
}

export function postId(n: number): string {
  return `post-${String(n).padStart(6, "0")}`;
}

/** Table of the baselines: plain, with the index a developer would make. */
export const baselineTable = `
  CREATE TABLE posts (
    id text COLLATE "C" PRIMARY KEY, title text NOT NULL, body text NOT NULL, status text NOT NULL, author text NOT NULL,
    likes int8 NOT NULL DEFAULT 0, "createdAt" timestamptz(3) NOT NULL DEFAULT now(), "updatedAt" timestamptz(3) NOT NULL DEFAULT now());
  CREATE INDEX ON posts (status, "createdAt" DESC)`;
