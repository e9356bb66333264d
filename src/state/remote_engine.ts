/**
 * The program's side of an engine in a worker: the engine's methods as asynchronous functions, so that the event loop
 * waits for no lock and no disk.
 *
 * Every operation is one message and one answer, in call order. A worker is ended by a message and never terminated:
 * one that is terminated within a transaction may still commit it, and nobody would know. When a worker has a fault,
 * the outcome of its current operation is unknown, and a new engine in it handles the next one.
 *
 * Only a few operations are in the worker at a time. While another process keeps the state locked, each of them waits
 * there, one after the other; those that have waited long enough outside are refused together with the first.
 */

import { getLogger } from "../logging/logger.ts";
import { FAULT, reviveError } from "./engine_messages.ts";
import type { EngineAnswer, EngineFault, EngineRequest, PostedError, RevivedErrors } from "./engine_messages.ts";
import { StateError } from "./state_error.ts";

/** The methods of an engine that only its worker uses. */
interface LocalEngine {
  renewed(): unknown;
  close(): void;
}

/** A remote engine: its methods and those of its parts, each returning a promise of the engine's own result. */
export type Remote<Engine extends LocalEngine> = RemotePart<Omit<Engine, keyof LocalEngine>> & {
  /** Closes engine and worker after the operations requested before; repeating it has no effect. */
  close(): Promise<void>;
};

/** The methods of a remote part, and its own parts. */
export type RemotePart<Part> = {
  readonly [Name in keyof Part]: Part[Name] extends (...args: infer Args) => infer Answer
    ? (...args: Args) => Promise<Answer>
    : RemotePart<Part[Name]>;
};

/** The module of a worker, or what gives one that has started. */
export type WorkerSource = URL | (() => Worker);

/** The engine to run, and how. */
export interface RemoteEngineOptions {
  readonly worker: WorkerSource;
  /** The name of the engine in the worker. */
  readonly engine: string;
  /** What the engine opens; for messages. */
  readonly path: string;
  /** Error classes in addition to `StateError` and the built-in ones. */
  readonly errors?: RevivedErrors;
  /**
   * The most operations in progress; further ones fail with `ERR_STATE_OVERLOADED`.
   *
   * @default 1_000
   */
  readonly maxInFlight?: number;
  /** How long operations wait for another process that has locked the state; without it, each is tried once. */
  readonly patience?: Patience;
}

/** How long operations wait for another process that has locked the state. */
export interface Patience {
  /** From the call, in milliseconds. A busy engine is tried again until then; that must have had no effect. */
  readonly patienceMs: number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** A worker in which an engine can be opened. */
export interface EngineWorker<Engine extends LocalEngine> {
  /** Opens the engine; may be retried when that fails. */
  open(options: unknown): Promise<Remote<Engine>>;
  /** Ends the worker, and the engine in it. */
  close(): Promise<void>;
}

const log = getLogger(["luno-mcp-server", "serve"]);

const MAX_IN_FLIGHT = 1_000;

/** As many messages as keep a worker occupied. */
const MAX_POSTED = 4;

/** Starts a worker. It lives until it is closed, even after faults. */
export function startEngine<Engine extends LocalEngine>(options: RemoteEngineOptions): EngineWorker<Engine> {
  const line = new WorkerLine(options);
  return {
    async open(engineOptions) {
      const names = await line.ask({ open: options.engine, options: engineOptions }) as readonly string[];
      return remoteOf(names, line) as Remote<Engine>;
    },
    close: () => line.close(),
  };
}

/** Operations by name; those of a part are in an object for the part. */
function remoteOf(names: readonly string[], line: WorkerLine): Record<string, unknown> {
  const remote: Record<string, unknown> = { close: () => line.close() };
  const parts = new Map<string, Record<string, unknown>>();
  for (const operation of names) {
    const [name = "", part] = operation.split(".").reverse();
    let place = remote;
    if (part !== undefined) {
      place = parts.get(part) ?? {};
      parts.set(part, place);
      remote[part] = place;
    }
    place[name] = (...args: readonly unknown[]) => line.ask({ operation, args });
  }
  return remote;
}

/** A request without its number. */
type Question = EngineRequest extends infer Request ? Request extends unknown ? Omit<Request, "id"> : never : never;

/** A request, and who waits for its answer. */
interface Asked {
  readonly question: Question;
  readonly outcome: PromiseWithResolvers<unknown>;
  /** Monotonic milliseconds; 0 without patience. */
  readonly atMs: number;
}

/** Requests and answers over one worker. */
class WorkerLine {
  readonly #worker: Worker;
  readonly #options: RemoteEngineOptions;
  /** Requests that the worker has not got yet. */
  readonly #queue: Asked[] = [];
  /** Requests in the worker, by number. */
  readonly #posted = new Map<number, Asked>();
  #count = 0;
  /** The last failure because of another process's lock. */
  #lock: { readonly error: StateError; readonly atMs: number } | undefined;
  #closing: Promise<void> | undefined;
  #hasEnded = false;

  constructor(options: RemoteEngineOptions) {
    this.#options = options;
    const { worker, engine: name } = options;
    this.#worker = worker instanceof URL ? new Worker(worker, { type: "module", name }) : worker();
    this.#worker.onmessage = ({ data }: MessageEvent<EngineAnswer | EngineFault>) => this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault(); // It would end the program.
      this.#end(event.message);
    };
    this.#worker.onmessageerror = () => this.#end("an answer could not be read");
  }

  ask(question: Question): Promise<unknown> {
    const { engine, path, maxInFlight = MAX_IN_FLIGHT } = this.#options;
    if (this.#hasEnded || this.#closing !== undefined) return Promise.reject(this.#closed());
    if (this.#queue.length + this.#posted.size >= maxInFlight) {
      const message = `Cannot ask ${engine} now as ${maxInFlight} operations wait for it already: try again later`;
      return Promise.reject(new StateError(message, { path, failure: "overloaded" }));
    }
    return this.#enqueue(question);
  }

  close(): Promise<void> {
    return this.#closing ??= this.#hasEnded ? Promise.resolve() : this.#close();
  }

  async #close(): Promise<void> {
    try {
      await this.#enqueue({ close: true });
    } finally {
      this.#hasEnded = true;
    }
  }

  #enqueue(question: Question): Promise<unknown> {
    const outcome = Promise.withResolvers<unknown>();
    this.#queue.push({ question, outcome, atMs: this.#options.patience?.monotonic() ?? 0 });
    this.#postNext();
    return outcome.promise;
  }

  #postNext(): void {
    while (this.#posted.size < MAX_POSTED) {
      const [asked] = this.#queue;
      // Nothing may follow `close`, not even what has to be tried again.
      if (asked === undefined || "close" in asked.question && this.#posted.size > 0) return;
      this.#queue.shift();
      // A lock that another operation met after this one was requested would stop this one too.
      const isHopeless = this.#lock !== undefined && this.#lock.atMs >= asked.atMs && !this.#isPatient(asked);
      if (isHopeless && "operation" in asked.question) asked.outcome.reject(this.#lock?.error);
      else this.#post(asked);
    }
  }

  #post(asked: Asked): void {
    const id = this.#count++;
    this.#posted.set(id, asked);
    try {
      this.#worker.postMessage({ ...asked.question, id });
    } catch (error) {
      this.#posted.delete(id); // The message could not be posted, so nothing was requested.
      asked.outcome.reject(error);
    }
  }

  #hear(said: EngineAnswer | EngineFault): void {
    if (!("fault" in said)) return this.#settle(said);
    const { engine, path } = this.#options;
    log.error("a state worker has failed and was restarted", { engine, path, reason: said.fault });
  }

  #settle(answer: EngineAnswer): void {
    const asked = this.#posted.get(answer.id);
    this.#posted.delete(answer.id);
    if (asked !== undefined) {
      if (answer.ok) asked.outcome.resolve(answer.value);
      else this.#fail(asked, this.#errorOf(answer.error));
    }
    this.#postNext();
  }

  /** Tries again what another process's lock has prevented, as long as it may wait. */
  #fail(asked: Asked, error: Error): void {
    const { patience } = this.#options;
    const isLocked = "operation" in asked.question && error instanceof StateError && error.failure === "busy";
    if (isLocked && patience !== undefined) {
      this.#lock = { error, atMs: patience.monotonic() };
      if (this.#isPatient(asked)) return this.#post(asked);
    }
    asked.outcome.reject(error);
  }

  #isPatient({ atMs }: Asked): boolean {
    const { patience } = this.#options;
    return patience !== undefined && patience.monotonic() - atMs < patience.patienceMs;
  }

  #errorOf(posted: PostedError): Error {
    return posted.name === FAULT ? this.#unknown(posted.message) : reviveError(posted, this.#options.errors);
  }

  /** The operation may or may not have been done. */
  #unknown(reason: string): StateError {
    const { path } = this.#options;
    const message = `Cannot tell what became of the last operation on ${path} as its worker failed: ${reason}`;
    return new StateError(message, { path, failure: "outcome_unknown" });
  }

  #closed(): StateError {
    const { path } = this.#options;
    return new StateError(`Cannot use ${path} as it has been closed`, { path, failure: "closed" });
  }

  /** No more requests are possible. */
  #end(reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { engine, path } = this.#options;
    log.error("a state worker has failed and cannot be replaced; restart the program", { engine, path, reason });
    for (const { outcome } of this.#posted.values()) outcome.reject(this.#unknown(reason));
    for (const { outcome } of this.#queue) outcome.reject(this.#closed());
    this.#posted.clear();
    this.#queue.length = 0;
  }
}
