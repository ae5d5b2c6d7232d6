// Finds by a few letters: at the start of the name first, then at the start of a word, then anywhere, then scattered.

function score(label: string, query: string): number {
  const text = label.toLowerCase();
  const at = text.indexOf(query);
  if (at === 0) return 3;
  if (at > 0) return /[^a-z0-9]/.test(text[at - 1] ?? "") ? 2 : 1;
  let next = 0;
  for (const letter of text) if (letter === query[next]) next += 1;
  return next === query.length ? 0 : -1;
}

export function rank<T>(items: readonly T[], query: string, labelOf: (item: T) => string): readonly T[] {
  const wanted = query.trim().toLowerCase();
  if (wanted === "") return items;
  return items
    .map((item) => ({ item, score: score(labelOf(item), wanted) }))
    .filter(({ score }) => score >= 0)
    .sort((a, b) => b.score - a.score)
    .map(({ item }) => item);
}
