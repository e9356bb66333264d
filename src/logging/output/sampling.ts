/**
 * Refusals in the log: a client that is refused again and again must not fill it, nor crowd out other lines.
 * The first of a kind is logged at once, those of the next ten seconds as one record with their `count`.
 */

import type { LogRecord, Sink } from "@logtape/logtape";

/** Records of which one client can cause as many as it likes, by category and message. */
const SAMPLED = new Set([
  "access: refused",
  "access: scope denied",
  "calls: request refused",
  "websocket: client sends too much; disconnecting",
  "websocket: client stopped reading; disconnecting",
]);

/** What two records of a kind have in common; a path or a name that the client makes up would make each one new. */
const KIND_FIELDS = ["identity", "address", "reason", "source", "status", "scope", "tool", "outcome"];

const WINDOW_MS = 10_000;

/** Kinds that are told apart in a window; all others are counted together. */
const MAX_KINDS = 1_000;

/** Passes records on to `sink`, all but repeated refusals; owns a timer while there are some. */
export class RefusalSampler {
  readonly #sink: Sink;
  /** Since each kind was last logged: how many there were, and the last one. */
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

  /** Logs what was counted, and counts from zero. */
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
