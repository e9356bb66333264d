/**
 * Counters and histograms that cost one addition per event and are formatted for Prometheus when scraped. Labels are
 * resolved once, to the object that counts.
 */

/** The name, help and labels of a metric. */
export interface MetricStart {
  readonly name: string;
  readonly help: string;
}

/** Labels from fixed sets, such as existing tools; nothing that a client sends becomes a label. */
export type Labels = Readonly<Record<string, string>>;

/** One line of a counter. */
export interface Count {
  value: number;
}

/** A counter, by labels. */
export class Counter {
  readonly #start: MetricStart;
  readonly #counts = new Map<string, Count>();

  constructor(start: MetricStart) {
    this.#start = start;
  }

  /** The line with these labels; exposed from now on. */
  of(labels: Labels): Count {
    const key = labelText(labels);
    const known = this.#counts.get(key) ?? { value: 0 };
    this.#counts.set(key, known);
    return known;
  }

  text(): string {
    const { name } = this.#start;
    const lines = [...this.#counts].map(([labels, { value }]) => `${name}${labels} ${value}\n`);
    return `${headOf(this.#start, "counter")}${lines.join("")}`;
  }
}

/** A histogram, by labels; `bounds` are the upper bounds of its buckets, ascending. */
export class Histogram {
  readonly #start: MetricStart;
  readonly #bounds: readonly number[];
  readonly #buckets = new Map<string, { readonly labels: Labels; readonly buckets: Buckets }>();

  constructor({ bounds, ...start }: MetricStart & { readonly bounds: readonly number[] }) {
    this.#start = start;
    this.#bounds = bounds;
  }

  /** The line with these labels; exposed from now on. */
  of(labels: Labels): Buckets {
    const key = labelText(labels);
    const known = this.#buckets.get(key) ?? { labels, buckets: new Buckets(this.#bounds) };
    this.#buckets.set(key, known);
    return known.buckets;
  }

  text(): string {
    const { name } = this.#start;
    const lines = [...this.#buckets.values()].flatMap(({ labels, buckets }) => [
      ...buckets.cumulative().map(([le, count]) => `${name}_bucket${labelText({ le, ...labels })} ${count}\n`),
      `${name}_sum${labelText(labels)} ${buckets.sum}\n`,
      `${name}_count${labelText(labels)} ${buckets.count}\n`,
    ]);
    return `${headOf(this.#start, "histogram")}${lines.join("")}`;
  }
}

/** The buckets of one line of a histogram. */
export class Buckets {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  count = 0;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let index = 0;
    while (index < this.#bounds.length && value > (this.#bounds[index] ?? Infinity)) index++;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.count++;
    this.sum += value;
  }

  /** Upper bounds, with cumulative counts. */
  cumulative(): [le: string, count: number][] {
    let count = 0;
    return [...this.#bounds, Infinity].map((bound, index) => {
      count += this.#counts[index] ?? 0;
      return [bound === Infinity ? "+Inf" : String(bound), count];
    });
  }
}

function headOf({ name, help }: MetricStart, type: "counter" | "histogram"): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
