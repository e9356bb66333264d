/**
 * The logger that every file uses. It loads nothing, so that it does not slow the start; records go to the receiver,
 * and are dropped when there is none.
 */

import type { LogRecord } from "@logtape/logtape";

/** The category of all our loggers. */
export const LOG_CATEGORY = "luno-mcp-server";

/** Log levels, least severe first. */
export const LOG_LEVELS = ["trace", "debug", "info", "warning", "error", "fatal"] as const;

/** A log level. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The data of a record; its message is a constant. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Receives records; nothing waits for it. */
export type LogReceiver = (record: LogRecord) => void;

let receiver: { readonly lowest: number; readonly receive: LogReceiver } | undefined;

/**
 * Sends records of a level and above to `receive` instead of the previous receiver; returns a function that ends this.
 */
export function receiveLog(lowest: LogLevel, receive: LogReceiver): () => void {
  const mine = { lowest: LOG_LEVELS.indexOf(lowest), receive };
  receiver = mine;
  return () => {
    if (receiver === mine) receiver = undefined;
  };
}

/** The logger of one part of the program, such as `["luno-mcp-server", "exchange"]`. */
export function getLogger(category: readonly [typeof LOG_CATEGORY, ...string[]]): Logger {
  return new Logger(category);
}

/** Logs for one part of the program. */
export class Logger {
  readonly #category: readonly string[];

  constructor(category: readonly string[]) {
    this.#category = category;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log(1, message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log(2, message, fields);
  }

  warning(message: string, fields?: LogFields): void {
    this.#log(3, message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log(4, message, fields);
  }

  fatal(message: string, fields?: LogFields): void {
    this.#log(5, message, fields);
  }

  #log(at: 0 | 1 | 2 | 3 | 4 | 5, message: string, properties: LogFields = {}): void {
    if (receiver === undefined || at < receiver.lowest) return;
    const timestamp = Date.now();
    const category = this.#category;
    receiver.receive({
      category,
      level: LOG_LEVELS[at],
      message: [message],
      rawMessage: message,
      timestamp,
      properties,
    });
  }
}
