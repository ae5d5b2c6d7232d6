// How long requests took, by route and status, as a Prometheus histogram. Counted by hand: prom-client finds the labels of
// each observation again by a text made of them, which takes longer than all the counting. Labels come from closed lists.

export interface RequestHistogram {
  observe(route: string, status: number, ms: number): void;
  /** Lines of Prometheus' text format. */
  text(): string;
}

interface Series {
  readonly labels: string;
  /** How many fell into each bucket and in no smaller one; the last is for all that is longer. */
  readonly counts: number[];
  sumMs: number;
}

const name = "landfall_http_request_duration_seconds";
const help = "Time from the first byte of a request to its answer, by route.";
const bucketsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000];

export function createRequestHistogram(): RequestHistogram {
  const routes = new Map<string, Map<number, Series>>();

  function seriesOf(route: string, status: number): Series {
    const statuses = routes.get(route) ?? new Map<number, Series>();
    if (statuses.size === 0) routes.set(route, statuses);
    let series = statuses.get(status);
    if (!series) {
      series = {
        labels: `route="${route}",status="${status}"`,
        counts: new Array(bucketsMs.length + 1).fill(0),
        sumMs: 0,
      };
      statuses.set(status, series);
    }
    return series;
  }

  return {
    observe(route, status, ms) {
      const series = seriesOf(route, status);
      let at = 0;
      while (at < bucketsMs.length && ms > (bucketsMs[at] as number)) at++;
      (series.counts[at] as number)++;
      series.sumMs += ms;
    },
    text() {
      const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
      for (const statuses of routes.values()) for (const series of statuses.values()) lines.push(...linesOf(series));
      return `${lines.join("\n")}\n`;
    },
  };
}

function linesOf({ labels, counts, sumMs }: Series): string[] {
  let total = 0;
  const buckets = counts.map((count, at) => {
    total += count;
    return `${name}_bucket{le="${at < bucketsMs.length ? (bucketsMs[at] as number) / 1_000 : "+Inf"}",${labels}} ${total}`;
  });
  return [...buckets, `${name}_sum{${labels}} ${sumMs / 1_000}`, `${name}_count{${labels}} ${total}`];
}
