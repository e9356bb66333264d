/**
 * The worker's side of an engine: runs one operation after the other, each to completion.
 *
 * A fault outside of an operation would end the worker, and the program may have dropped the permission to open
 * anything again. So the worker stays, and a new engine on the same open file replaces the one that had the fault.
 */

import { reasonOf } from "../errors/reason_of.ts";
import { FAULT, postError } from "./engine_messages.ts";
import type { EngineAnswer, EngineFault, EngineRequest } from "./engine_messages.ts";

/**
 * The parts of an engine that are not operations. Its other methods are operations, and so are those of its parts:
 * objects of classes in public fields. All operations are synchronous.
 */
export interface Engine {
  /**
   * A new engine on the same open file, after a fault: unfinished writes are rolled back. The old one is not used any
   * more.
   */
  renewed(): Engine;
  close(): void;
}

/** Methods that cannot be called remotely. */
const OWN: readonly string[] = ["close", "renewed"] satisfies readonly (keyof Engine)[];

/** How to open each engine that a worker provides; the options are plain data. */
// deno-lint-ignore no-explicit-any -- each engine has options of its own, which its opener names
export type Engines = Readonly<Record<string, (options: any) => Promise<Engine>>>;

/** The worker itself. */
declare const self: {
  onmessage: ((event: MessageEvent<EngineRequest>) => unknown) | null;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(type: "unhandledrejection", listener: (event: PromiseRejectionEvent) => void): void;
  postMessage(message: EngineAnswer | EngineFault): void;
  close(): void;
};

/**
 * Serves an engine until it is told to close, which happens between two operations. An answer is posted when the
 * operation has returned, so that an engine whose methods return after their commit never answers before it.
 */
export function serveEngines(engines: Engines): void {
  let engine: Engine | undefined;
  let operations: Operations = new Map();
  /** The outcome of the current request. */
  let outcome: PromiseWithResolvers<unknown> | undefined;
  const run = async (request: EngineRequest): Promise<unknown> => {
    if ("open" in request) {
      const open = Object.hasOwn(engines, request.open) ? engines[request.open] : undefined;
      if (open === undefined) throw new TypeError(`Cannot open engine ${request.open} as there is none of this name`);
      engine = await open(request.options);
      operations = operationsOf(engine);
      return [...operations.keys()];
    }
    if ("close" in request) return engine?.close();
    const { operation, args } = request;
    const run = operations.get(operation);
    if (run === undefined) throw new TypeError(`Cannot run ${operation} as the engine has no such operation`);
    return run(...args);
  };
  const renew = (event: Event, reason: string) => {
    // What throws here does end the worker.
    engine = engine?.renewed();
    operations = engine === undefined ? new Map() : operationsOf(engine);
    event.preventDefault();
    outcome?.reject(new EngineFaultError(reason));
    self.postMessage({ fault: reason });
  };
  self.addEventListener("error", (event) => renew(event, event.message));
  self.addEventListener("unhandledrejection", (event) => renew(event, reasonOf(event.reason)));
  // Opening may load the engine's code; messages that arrive meanwhile wait.
  let before: Promise<void> = Promise.resolve();
  self.onmessage = ({ data: request }) => {
    before = before.then(async () => {
      outcome = Promise.withResolvers();
      run(request).then(outcome.resolve, outcome.reject);
      await answer(request.id, outcome.promise);
      if ("close" in request) self.close();
    });
  };
}

/** Ends the current operation; the program decides what its caller is told. */
class EngineFaultError extends Error {
  override readonly name = FAULT;
}

async function answer(id: number, outcome: Promise<unknown>): Promise<void> {
  try {
    const value = await outcome;
    try {
      self.postMessage({ id, ok: true, value });
    } catch (error) {
      throw new EngineFaultError(reasonOf(error)); // The operation was done, but its result cannot be posted.
    }
  } catch (error) {
    self.postMessage({ id, ok: false, error: postError(error) });
  }
}

/** By name; operations of a part are prefixed, as in `audit.record`. */
type Operations = ReadonlyMap<string, (...args: readonly unknown[]) => unknown>;

function operationsOf(engine: Engine): Operations {
  const parts = Object.entries(engine).filter(([, part]) => typeof part === "object" && part !== null);
  const own = methodsOf(engine, "").filter(([name]) => !OWN.includes(name));
  return new Map([...own, ...parts.flatMap(([name, part]) => methodsOf(part, `${name}.`))]);
}

/** The methods of an object's class and its superclasses; overriding ones win. */
function methodsOf(object: object, prefix: string): [string, (...args: readonly unknown[]) => unknown][] {
  const found = new Map<string, (...args: readonly unknown[]) => unknown>();
  let prototype = Object.getPrototypeOf(object);
  for (; prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    const { constructor: _, ...methods } = Object.getOwnPropertyDescriptors(prototype);
    for (const [name, { value }] of Object.entries(methods)) {
      if (typeof value === "function" && !found.has(prefix + name)) found.set(prefix + name, value.bind(object));
    }
  }
  return [...found];
}
