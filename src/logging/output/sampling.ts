/**
 * Limits repeated rejections in the log: a client that is rejected again and again must neither fill it nor crowd out
 * other lines. The first record of a kind is logged at once, those of the next ten seconds as one record with their
 * `count`.
 */

import type { LogRecord, Sink } from "@logtape/logtape";

/** Records that one client can cause in any number, by category and message. */
const SAMPLED = new Set([
  "access: refused",
  "access: scope denied",
  "calls: request refused",
  "websocket: client sends too much; disconnecting",
  "websocket: client stopped reading; disconnecting",
]);

/**
 * The fields that distinguish kinds of records; a path or name that the client invents must not make each record a new
 * kind.
 */
const KIND_FIELDS = ["identity", "address", "reason", "source", "status", "scope", "tool", "outcome"];

const WINDOW_MS = 10_000;

/** Kinds that are counted separately in a window; all others are counted together. */
const MAX_KINDS = 1_000;

/** Passes records on to `sink`, except repeated rejections; has a timer while there are some. */
export class RefusalSampler {
  readonly #sink: Sink;
  /** Per kind: the number of records since the last logged one, and the latest of them. */
  readonly #kinds = new Map<string, { count: number; last: LogRecord }>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Takes a record. */
  push(record: LogRecord): void {
    if (!SAMPLED.has(`${record.category.at(-1)}: ${record.rawMessage}`)) return this.#sink(record);
    const kind = this.#kindOf(record);
    const known = this.#kinds.get(kind);
    if (known !== undefined) {
      known.count++;
      known.last = record;
      return;
    }
    this.#kinds.set(kind, { count: 0, last: record });
    this.#timer ??= setTimeout(() => this.flush(), WINDOW_MS);
    this.#sink(record);
  }

  /** Logs the counted records, and resets the counts. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const kinds = [...this.#kinds.values()];
    this.#kinds.clear();
    for (const { count, last } of kinds) {
      if (count > 0) this.#sink({ ...last, properties: { ...last.properties, count } });
    }
  }

  #kindOf({ rawMessage, properties }: LogRecord): string {
    const kind = JSON.stringify([rawMessage, ...KIND_FIELDS.map((name) => properties[name])]);
    return this.#kinds.has(kind) || this.#kinds.size < MAX_KINDS ? kind : "others";
  }
}
