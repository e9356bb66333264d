/**
 * Opens the trading record of a state folder: changes run in one worker, reads in another, so that no order waits for a
 * long read, and no read for another process that has locked the record.
 */

import { join } from "node:path";
import { ArchiveError } from "../../../trading/record/archive.ts";
import { StoreError } from "../../../trading/record/store_error.ts";
import type { StoreFailure } from "../../../trading/record/store_error.ts";
import { recordOf } from "../../../trading/record/trading_record.ts";
import type { RecordPart, TradingRecord } from "../../../trading/record/trading_record.ts";
import type { RevivedErrors } from "../../engine_messages.ts";
import { startEngine } from "../../remote_engine.ts";
import type { Patience, Remote, WorkerSource } from "../../remote_engine.ts";
import { StateError } from "../../state_error.ts";
import { waitWhileBusy } from "../../wait_while_busy.ts";
import type { BusyOptions } from "../../wait_while_busy.ts";
import { OutdatedNotice } from "../outdated_notice.ts";
import type { SqliteRecord, SqliteRecordOptions } from "./record.ts";
import { TRADING_DATABASE } from "./trading_database.ts";
import { WORKER } from "./worker_url.ts";

/** How to open it, and how long to wait for another process that has locked it. */
export interface OpenRecordOptions extends Omit<SqliteRecordOptions, "busyMs" | "mode">, Omit<BusyOptions, "path"> {
  readonly mode: "write" | "read";
  /**
   * How long an operation waits for such a process, in milliseconds.
   *
   * @default {2_000}
   */
  readonly patienceMs?: number;
}

/** Runs the engine; for tests. */
export interface RecordWorker {
  readonly worker?: WorkerSource;
  readonly engine?: string;
}

const PATIENCE_MS = 2_000;

/** The operations that only read. */
const READS: { readonly [Part in keyof TradingRecord]?: readonly (keyof TradingRecord[Part])[] } = {
  journal: [
    "wouldRefuse",
    "find",
    "findByOrderId",
    "findByKey",
    "findByPreview",
    "unsettled",
    "onTheirWay",
    "open",
    "limitsUsed",
  ],
  accounts: ["exchangeOf"],
  replacements: ["unfinished"],
  previews: ["waitMs", "find"],
  approvals: ["pending", "find", "findByToken", "findByPreview", "findAsked", "equalTo"],
  dialogs: ["equalTo"],
  halts: ["state"],
  cancelRequests: ["all", "open"],
  instances: ["has", "alive", "listed"],
  audit: ["trail", "lastSeq", "verify"],
  published: ["current", "find", "versions"],
};

const ERRORS: RevivedErrors = {
  StoreError: ({ fields }) => new StoreError(fields["failure"] as StoreFailure),
  ArchiveError: ({ message }) => new ArchiveError(message),
};

/**
 * Opens it; in one worker when it is only read.
 *
 * @throws {StateError} when it cannot be used; `ERR_STATE_BUSY` when it stayed locked
 */
export async function openRecord(
  { folder, mode, secrets, patienceMs = PATIENCE_MS, ...waiting }: OpenRecordOptions,
  { worker = WORKER, engine = "record" }: RecordWorker = {},
): Promise<TradingRecord> {
  const path = join(folder, TRADING_DATABASE);
  const open = async (mode: SqliteRecordOptions["mode"]) => {
    const patience: Patience = { patienceMs, monotonic: waiting.monotonic };
    const started = startEngine<SqliteRecord>({ worker, engine, path, errors: ERRORS, patience });
    const options: SqliteRecordOptions = { folder, mode, ...(secrets === undefined ? {} : { secrets }) };
    try {
      return await waitWhileBusy(() => started.open(options), { path, ...waiting });
    } catch (error) {
      await started.close();
      throw error;
    }
  };
  const writer = await open(mode);
  try {
    const reader = mode === "read" ? writer : await open("read");
    return joined({ writer, reader });
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/** The engines for changes and for reads; the same one when the record is only read. */
interface RecordEngines {
  readonly writer: Remote<SqliteRecord>;
  readonly reader: Remote<SqliteRecord>;
}

type Operation = (...args: unknown[]) => Promise<unknown>;

/** Joins two engines to one record. */
function joined(engines: RecordEngines): TradingRecord {
  const asked = new Asked(engines);
  const part = <Name extends RecordPart>(name: Name): TradingRecord[Name] => {
    const reads: readonly unknown[] = READS[name] ?? [];
    const operations = Object.keys(engines.writer[name]).map((operation) => {
      const kind = reads.includes(operation) ? "reader" : "writer";
      const of = (engine: Remote<SqliteRecord>) => Reflect.get(engine[name], operation) as Operation;
      return [operation, (...args: unknown[]) => asked.run(kind, (engine) => of(engine)(...args))];
    });
    return Object.fromEntries(operations);
  };
  return {
    ...recordOf(part),
    async close() {
      await asked.end();
      await engines.reader.close();
      // The last one: it removes side files, which a read-only connection cannot.
      await engines.writer.close();
    },
  };
}

/** Operations in progress. */
class Asked {
  readonly #engines: RecordEngines;
  readonly #running = new Set<Promise<unknown>>();
  readonly #outdated = new OutdatedNotice();
  #isEnded = false;

  constructor(engines: RecordEngines) {
    this.#engines = engines;
  }

  async run(kind: keyof RecordEngines, operation: EngineOperation): Promise<unknown> {
    if (this.#isEnded) throw new StoreError("closed");
    const running = this.#ask(kind, operation);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Accepts no more operations; settles when the running ones are done. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await Promise.allSettled(this.#running);
  }

  async #ask(kind: keyof RecordEngines, operation: EngineOperation): Promise<unknown> {
    try {
      return await operation(this.#engines[kind]);
    } catch (error) {
      const failure = error instanceof StateError ? new StoreError(failureOf(kind, error), error) : error;
      this.#outdated.hear(failure);
      throw failure;
    }
  }
}

type EngineOperation = (engine: Remote<SqliteRecord>) => Promise<unknown>;

/** A fault of the worker is a failure of the record; a read has changed nothing. */
function failureOf(kind: keyof RecordEngines, { failure }: StateError): StoreFailure {
  return kind === "reader" && failure === "outcome_unknown" ? "unavailable" : failure;
}
