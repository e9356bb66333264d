/** Starts the log of a command: its records go to stderr, redacted, and never block the program. */

import type { LogRecord } from "@logtape/logtape";
import { receiveLog } from "../logger.ts";
import type { LogLevel } from "../logger.ts";
import type { LogLines, LogLinesOptions } from "./log_lines.ts";

/** Settings of {@linkcode startLogging}. */
export interface LoggingOptions extends LogLinesOptions {
  readonly level: LogLevel;
}

/** A running log; `stop` writes what is queued, for half a second at most. */
export interface Logging {
  stop(): Promise<void>;
}

/** Logs for the whole process from now on; LogTape is loaded with the first record, as many runs log nothing. */
export function startLogging({ level, ...options }: LoggingOptions): Logging {
  let lines: LogLines | undefined;
  let loading: Promise<void> | undefined;
  const early: LogRecord[] = [];
  const stopReceiving = receiveLog(level, (record) => {
    if (lines !== undefined) return lines.push(record);
    early.push(record);
    loading ??= load();
  });
  async function load(): Promise<void> {
    const { LogLines } = await import("./log_lines.ts");
    lines = new LogLines(options);
    for (const record of early.splice(0)) lines.push(record);
  }
  return {
    async stop() {
      stopReceiving();
      await loading;
      await lines?.close();
    },
  };
}

/** Runs `body` with a log, and flushes it before returning the value. */
export async function withLogging<Value>(options: LoggingOptions, body: () => Promise<Value>): Promise<Value> {
  const logging = startLogging(options);
  try {
    return await body();
  } finally {
    await logging.stop();
  }
}
