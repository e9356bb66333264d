/**
 * The worker's side of an engine: runs one operation after the other, each to its end, on one engine.
 *
 * A fault that no operation throws would end the worker, and the program may have given back the permission to open anything
 * again. So the worker stays, and an engine on the same open file takes the place of the one that had the fault.
 */

import { reasonOf } from "../errors/reason_of.ts";
import { FAULT, postError } from "./engine_messages.ts";
import type { EngineAnswer, EngineFault, EngineRequest } from "./engine_messages.ts";

/**
 * What an engine has beside its operations, which are its other methods and those of its parts: objects of classes that it
 * holds in public. All of them answer at once.
 */
export interface Engine {
  /** Another one on the same open file, after a fault: whatever was being written is undone. This one is used no more. */
  renewed(): Engine;
  close(): void;
}

/** What an engine has that is not asked for from afar. */
const OWN: readonly string[] = ["close", "renewed"] satisfies readonly (keyof Engine)[];

/** How to open each engine that a worker knows; the options are plain data. */
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
 * Serves an engine until it is told to close, which it is between two operations. An operation's answer is posted when the
 * operation has returned, so that an engine whose methods return after their commit never answers ahead of it.
 */
export function serveEngines(engines: Engines): void {
  let engine: Engine | undefined;
  let operations: Operations = new Map();
  /** What became of the request that is being answered. */
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
    // What throws here ends the worker after all.
    engine = engine?.renewed();
    operations = engine === undefined ? new Map() : operationsOf(engine);
    event.preventDefault();
    outcome?.reject(new EngineFaultError(reason));
    self.postMessage({ fault: reason });
  };
  self.addEventListener("error", (event) => renew(event, event.message));
  self.addEventListener("unhandledrejection", (event) => renew(event, reasonOf(event.reason)));
  // Opening may load the engine's code; whatever comes meanwhile waits for its turn.
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

/** Ends the operation that runs; the program makes of it what it knows. */
class EngineFaultError extends Error {
  override readonly name = FAULT;
}

async function answer(id: number, outcome: Promise<unknown>): Promise<void> {
  try {
    const value = await outcome;
    try {
      self.postMessage({ id, ok: true, value });
    } catch (error) {
      throw new EngineFaultError(reasonOf(error)); // It was done, and what it came to cannot be told.
    }
  } catch (error) {
    self.postMessage({ id, ok: false, error: postError(error) });
  }
}

/** By name; that of a part's comes behind the part's, as in `audit.record`. */
type Operations = ReadonlyMap<string, (...args: readonly unknown[]) => unknown>;

function operationsOf(engine: Engine): Operations {
  const parts = Object.entries(engine).filter(([, part]) => typeof part === "object" && part !== null);
  const own = methodsOf(engine, "").filter(([name]) => !OWN.includes(name));
  return new Map([...own, ...parts.flatMap(([name, part]) => methodsOf(part, `${name}.`))]);
}

/** The methods of an object's class and of those that it extends; what stands nearest counts. */
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
