/** Writes log records as lines: formatted and redacted by LogTape, without making the code that logs wait. */

import { getJsonLinesFormatter, getTextFormatter } from "@logtape/logtape";
import type { LogRecord, Sink, TextFormatter } from "@logtape/logtape";
import { redactByField, redactByPattern } from "@logtape/redaction";
import type { RedactionPattern } from "@logtape/redaction";
import { createRedactor, REDACTED } from "../../secrets/redaction.ts";
import { RefusalSampler } from "./sampling.ts";

/** Where log lines end up. */
export interface LogOutput {
  write(bytes: Uint8Array): Promise<number>;
}

/** Format of the lines. */
export interface LogLinesOptions {
  readonly format: "text" | "json";
  /** Values that no line may contain. */
  readonly secrets: readonly string[];
  readonly output: LogOutput;
}

/** Characters that may wait for a slow reader; further lines are dropped and counted. */
const QUEUE_LIMIT = 1_048_576;

/** How long `close` waits for the reader. */
const FLUSH_TIMEOUT_MS = 500;

/** Writes records, one per line. */
export class LogLines {
  readonly #queue: LineQueue;
  readonly #sampler: RefusalSampler;
  readonly #sink: Sink;

  constructor({ format, secrets, output }: LogLinesOptions) {
    const plain = format === "json"
      ? getJsonLinesFormatter()
      : getTextFormatter({ timestamp: "rfc3339", format: formatLine });
    const redact = createRedactor(secrets);
    const redacted = redactByPattern((record) => redact(plain(record)), SECRET_FORMS);
    this.#queue = new LineQueue(output, (record) => oneLine(redacted(record)));
    this.#sampler = new RefusalSampler((record) => this.#queue.push(record));
    const options = { fieldPatterns: SECRET_FIELDS, action: () => REDACTED };
    this.#sink = redactByField((record) => this.#sampler.push(record), options);
  }

  /** Takes a record. */
  push(record: LogRecord): void {
    this.#sink(record);
  }

  /** Writes what is queued, for half a second at most. */
  async close(): Promise<void> {
    this.#sampler.flush();
    await this.#queue.flush();
  }
}

const SECRET_FIELDS = [/secret/i, /authorization/i, /password/i, /token/i, /api_?key/i, /cookie/i];

/** Secrets that are recognized by their form alone. */
const SECRET_FORMS: RedactionPattern[] = [
  { pattern: /\bBasic [A-Za-z0-9+/=]{8,}/gi, replacement: `Basic ${REDACTED}` },
  { pattern: /\blunomcp_[0-9a-f_]{12,}/gi, replacement: REDACTED },
  // Logs cut long texts, so a token may lack its end.
  { pattern: /\beyJ[\w-]{5,}\.[\w-]*(?:\.[\w-]*)?/g, replacement: REDACTED },
];

function formatLine(
  values: { timestamp: string | null; level: string; category: string; message: string; record: LogRecord },
): string {
  const fields = Object.entries(values.record.properties).map(([key, value]) => ` ${key}=${formatValue(value)}`);
  return `${values.timestamp} ${values.level} ${values.category}: ${values.message}${fields.join("")}`;
}

/** A value as JSON for programs; an error as text for people. */
function formatValue(value: unknown): string {
  if (value instanceof Error) return Deno.inspect(value, { compact: true, breakLength: Infinity });
  return JSON.stringify(value, (_name, inner) => typeof inner === "bigint" ? String(inner) : inner) ?? "null";
}

/** Keeps a record on one line, so that data from outside cannot forge another record. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return `${text.trimEnd().replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/g, escapeCharacter)}\n`;
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Writes lines in order without making the caller wait. */
class LineQueue {
  readonly #output: LogOutput;
  readonly #format: TextFormatter;
  readonly #encoder = new TextEncoder();
  #waiting = "";
  #dropped: { readonly count: number; readonly last: LogRecord } | undefined;
  #writing: Promise<void> | undefined;

  constructor(output: LogOutput, format: TextFormatter) {
    this.#output = output;
    this.#format = format;
  }

  push(record: LogRecord): void {
    if (this.#waiting.length >= QUEUE_LIMIT) {
      this.#dropped = { count: (this.#dropped?.count ?? 0) + 1, last: record };
      return;
    }
    this.#waiting += this.#format(record);
    this.#writing ??= this.#drain();
  }

  async flush(): Promise<void> {
    if (this.#writing === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
    await Promise.race([this.#writing, promise]);
    clearTimeout(timer);
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting + this.#droppedNote();
        this.#waiting = "";
        this.#dropped = undefined;
        await this.#write(this.#encoder.encode(batch));
      }
    } catch {
      this.#waiting = ""; // stderr has no reader any more; the program continues without a log.
    } finally {
      this.#writing = undefined;
    }
  }

  #droppedNote(): string {
    if (this.#dropped === undefined) return "";
    const { count, last } = this.#dropped;
    const text = "log lines dropped because stderr was not read";
    return this.#format({ ...last, level: "warning", message: [text], rawMessage: text, properties: { count } });
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) written += await this.#output.write(bytes.subarray(written));
  }
}
