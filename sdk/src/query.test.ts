// Paging as an async iterator, which is written by hand: what `for await` relies on.
import { expect, test } from "vitest";
import { createClient, defineSchema } from "./index.ts";

const schema = defineSchema({ collections: { posts: { fields: { title: { type: "text", required: true } } } } });

/** A server of these pages; counts what it was asked. */
function paged(pages: readonly (readonly string[] | "fails")[]) {
  const asked: (string | undefined)[] = [];
  const fetch = async (_url: string, { body = "{}" }: { body?: string }) => {
    const { cursor } = JSON.parse(body) as { cursor?: string };
    asked.push(cursor);
    const at = Number(cursor ?? 0);
    const page = pages[at] ?? [];
    const items = page === "fails" ? [] : page.map((id) => ({ id }));
    const answer = { items, nextCursor: at + 1 < pages.length ? String(at + 1) : null };
    const text = async () =>
      JSON.stringify(page === "fails" ? { code: "not_allowed", title: "No.", status: 403 } : answer);
    return { ok: page !== "fails", status: page === "fails" ? 403 : 200, headers: { get: () => null }, text };
  };
  return { posts: createClient({ url: "http://test", schema, fetch }).from("posts"), asked };
}

test("every record comes once, empty pages are passed over, and each page is asked when it is needed", async () => {
  const { posts, asked } = paged([["a", "b"], [], ["c"]]);
  const seen: string[] = [];
  for await (const { id } of posts) seen.push(`${id} after ${asked.length}`);
  expect(seen).toEqual(["a after 1", "b after 1", "c after 3"]);
});

test("leaving the loop asks for no further page", async () => {
  const { posts, asked } = paged([["a"], ["b"], ["c"]]);
  for await (const { id } of posts) if (id === "b") break;
  expect(asked).toEqual([undefined, "1"]);
});

test("a failure ends the loop, and nothing comes after it", async () => {
  const { posts, asked } = paged([["a"], "fails", ["c"]]);
  const pages = posts.pages();
  expect((await pages.next()).done).toBe(false);
  await expect(pages.next()).rejects.toMatchObject({ code: "not_allowed" });
  expect(await pages.next()).toEqual({ done: true, value: undefined });
  expect(asked).toHaveLength(2);
});

test("steps asked for at once are taken one after the other, and a return waits for its turn", async () => {
  const { posts, asked } = paged([["a"], ["b"], ["c"]]);
  const pages = posts.pages();
  const steps = await Promise.all([pages.next(), pages.next(), pages.return?.(), pages.next()]);
  expect(steps.map((step) => step?.done)).toEqual([false, false, true, true]);
  expect(asked).toEqual([undefined, "1"]);
});
