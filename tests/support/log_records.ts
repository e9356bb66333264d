/** Log records of one test. */

import { receiveLog } from "../../src/logging/logger.ts";
import type { LogRecord } from "@logtape/logtape";

/** Collects log records until it is disposed. */
export class LogRecords implements Disposable {
  readonly all: LogRecord[] = [];
  #changed = Promise.withResolvers<void>();

  readonly #stop = receiveLog("trace", (record) => this.#add(record));

  static start(): LogRecords {
    return new LogRecords();
  }

  /** The messages, in order. */
  get messages(): string[] {
    return this.all.map(({ rawMessage }) => String(rawMessage));
  }

  /** The records of one message. */
  of(message: string): LogRecord[] {
    return this.all.filter(({ rawMessage }) => rawMessage === message);
  }

  /** Resolves with the first record of a message. */
  async next(message: string): Promise<LogRecord> {
    for (;;) {
      const [found] = this.of(message);
      if (found !== undefined) return found;
      await this.#changed.promise;
    }
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #add(record: LogRecord): void {
    this.all.push(record);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
