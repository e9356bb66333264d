/**
 * The workers of the trading record, one that writes and one that reads. Where one of them ends by a fault it is replaced, so
 * that orders go on; what was asked of it and not answered has an unknown outcome.
 *
 * A program that has given its permission to write back can open nothing to write any more. So the one that reads is opened as a
 * standby, which then writes in the other's place; whatever is opened after that can only read.
 */

import { reasonOf } from "../../../errors/reason_of.ts";
import { getLogger } from "../../../logging/logger.ts";
import { pauseAfter } from "../../../timing/backoff.ts";
import { sleep } from "../../../timing/sleep.ts";
import type { Remote } from "../../remote_engine.ts";
import type { SqliteRecord, SqliteRecordOptions } from "./record.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** Between two attempts to replace an engine. */
const PAUSE = { firstMs: 100, longestMs: 10_000, random: () => 1 };

/** An engine in a worker of its own. */
type Engine = Remote<SqliteRecord>;

/** Opens an engine; `ended` is called when its worker has ended by a fault. */
export type OpenEngine = (mode: SqliteRecordOptions["mode"], ended: (reason: string) => void) => Promise<Engine>;

interface EnginesOptions {
  readonly open: (mode: SqliteRecordOptions["mode"]) => Promise<Engine>;
  readonly isReadOnly: boolean;
}

/** Both engines of one record; where that is only read they are the same one. */
export class RecordEngines {
  /** Names the parts and operations that every engine has. */
  readonly shape: Engine;
  readonly #open: EnginesOptions["open"];
  readonly #isReadOnly: boolean;
  readonly #closing = new AbortController();
  /** Absent while there is none. */
  #writer: Engine | undefined;
  #reader: Engine | undefined;
  #mending: Promise<void> | undefined;

  private constructor(shape: Engine, { open, isReadOnly }: EnginesOptions) {
    this.shape = shape;
    this.#open = open;
    this.#isReadOnly = isReadOnly;
  }

  /** @throws {StateError} it cannot be opened */
  static async open(mode: "write" | "read", open: OpenEngine): Promise<RecordEngines> {
    let ended = (_engine: Engine, _reason: string): void => {};
    const start = async (mode: SqliteRecordOptions["mode"]) => {
      let engine: Engine | undefined = undefined;
      return engine = await open(mode, (reason) => engine === undefined ? undefined : ended(engine, reason));
    };
    const first = await start(mode);
    const engines = new RecordEngines(first, { open: start, isReadOnly: mode === "read" });
    ended = (engine, reason) => engines.#ended(engine, reason);
    engines.#writer = first;
    try {
      engines.#reader = mode === "read" ? first : await start("standby");
    } catch (error) {
      await first.close();
      throw error;
    }
    return engines;
  }

  /** What changes the record, or what only reads it; `undefined` while there is none. */
  get(kind: "writer" | "reader"): Engine | undefined {
    return kind === "writer" ? this.#writer : this.#reader;
  }

  /** Settles when no engine is being replaced. */
  get mended(): Promise<void> {
    return this.#mending ?? Promise.resolve();
  }

  /** Ends both; nothing may be asked of them any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#mending;
    await this.#reader?.close();
    // The last one: it tidies up beside the file, which one that only reads cannot.
    await this.#writer?.close();
  }

  #ended(engine: Engine, reason: string): void {
    log.error("a worker of the trading database has ended by a fault; replacing it", {
      worker: engine === this.#writer ? "writer" : "reader",
      reason,
    });
    if (engine === this.#writer) this.#writer = undefined;
    if (engine === this.#reader) this.#reader = undefined;
    this.#mending ??= this.#mend().finally(() => this.#mending = undefined);
  }

  async #mend(): Promise<void> {
    for (let attempt = 1; !this.#closing.signal.aborted; attempt++) {
      try {
        await this.#replace();
        if (this.#writer === undefined || this.#reader === undefined) continue;
        return log.warning("trading database is in use again");
      } catch (error) {
        log.error("cannot open the trading database again; trying later", { attempt, error: reasonOf(error) });
      }
      await sleep(pauseAfter(attempt, PAUSE), this.#closing.signal).catch(() => {});
    }
  }

  async #replace(): Promise<void> {
    if (this.#isReadOnly) {
      this.#writer = this.#reader = await this.#open("read");
      return;
    }
    if (this.#writer === undefined && this.#reader !== undefined && !mayWrite()) {
      const standby = this.#reader;
      await standby.takeOver();
      [this.#writer, this.#reader] = [standby, undefined];
    }
    this.#writer ??= await this.#open("write");
    this.#reader ??= await this.#open("standby");
  }
}

function mayWrite(): boolean {
  return Deno.permissions.querySync({ name: "write" }).state === "granted";
}
