/**
 * The program's side of an engine in a worker: the engine's methods as asynchronous functions, so that the event loop
 * waits for no lock and no disk.
 *
 * Every operation is one message and one answer, in call order. A worker is ended by a message and never terminated:
 * one that is terminated within a transaction may still commit it, and nobody would know. When a worker has a fault,
 * the outcome of its current operation is unknown, and a new engine in it handles the next one.
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

/** Requests and answers over one worker. */
class WorkerLine {
  readonly #worker: Worker;
  readonly #options: RemoteEngineOptions;
  /** Pending requests by number. */
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;
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
    if (this.#hasEnded || this.#closing !== undefined) {
      return Promise.reject(new StateError(`Cannot use ${path} as it has been closed`, { path, failure: "closed" }));
    }
    if (this.#waiting.size >= maxInFlight) {
      const message = `Cannot ask ${engine} now as ${maxInFlight} operations wait for it already: try again later`;
      return Promise.reject(new StateError(message, { path, failure: "overloaded" }));
    }
    return this.#post(question);
  }

  close(): Promise<void> {
    return this.#closing ??= this.#hasEnded ? Promise.resolve() : this.#close();
  }

  async #close(): Promise<void> {
    try {
      await this.#post({ close: true });
    } finally {
      this.#hasEnded = true;
    }
  }

  #post(question: Question): Promise<unknown> {
    const id = this.#asked++;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    try {
      this.#worker.postMessage({ ...question, id });
    } catch (error) {
      this.#waiting.delete(id); // The message could not be posted, so nothing was requested.
      waiting.reject(error);
    }
    return waiting.promise;
  }

  #hear(said: EngineAnswer | EngineFault): void {
    if (!("fault" in said)) return this.#settle(said);
    const { engine, path } = this.#options;
    log.error("a state worker has failed and was restarted", { engine, path, reason: said.fault });
  }

  #settle(answer: EngineAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.ok) waiting?.resolve(answer.value);
    else waiting?.reject(this.#errorOf(answer.error));
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

  /** No more requests are possible. */
  #end(reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { engine, path } = this.#options;
    log.error("a state worker has failed and cannot be replaced; restart the program", { engine, path, reason });
    for (const { reject } of this.#waiting.values()) reject(this.#unknown(reason));
    this.#waiting.clear();
  }
}
