/** Log records of one test. */

import { configure, reset } from "@logtape/logtape";
import type { LogRecord } from "@logtape/logtape";

/** Collects what is logged until it is disposed of. */
export class LogRecords implements AsyncDisposable {
  readonly all: LogRecord[] = [];
  #changed = Promise.withResolvers<void>();

  private constructor() {}

  static async start(): Promise<LogRecords> {
    const records = new LogRecords();
    await configure({
      reset: true,
      sinks: { test: (record) => records.#add(record) },
      loggers: [
        { category: "luno-mcp-server", lowestLevel: "trace", sinks: ["test"] },
        { category: ["logtape", "meta"], lowestLevel: "fatal", sinks: [] },
      ],
    });
    return records;
  }

  /** The messages, in their order. */
  get messages(): string[] {
    return this.all.map(({ rawMessage }) => String(rawMessage));
  }

  /** The records of one message. */
  of(message: string): LogRecord[] {
    return this.all.filter(({ rawMessage }) => rawMessage === message);
  }

  /** The first record of a message, once it is there. */
  async next(message: string): Promise<LogRecord> {
    for (;;) {
      const [found] = this.of(message);
      if (found !== undefined) return found;
      await this.#changed.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await reset();
  }

  #add(record: LogRecord): void {
    this.all.push(record);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
