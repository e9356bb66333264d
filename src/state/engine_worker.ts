/** The worker's side of an engine: runs one operation after the other, each to its end, on one engine. */

import { postError } from "./engine_messages.ts";
import type { EngineAnswer, EngineRequest } from "./engine_messages.ts";

/** What an engine has beside its operations, which are its other methods. All of them answer at once. */
export interface Engine {
  close(): void;
}

/** How to open each engine that a worker knows; the options are plain data. */
// deno-lint-ignore no-explicit-any -- each engine has options of its own, which its opener names
export type Engines = Readonly<Record<string, (options: any) => Promise<Engine>>>;

/** The worker itself. */
declare const self: {
  onmessage: ((event: MessageEvent<EngineRequest>) => unknown) | null;
  postMessage(message: EngineAnswer): void;
  close(): void;
};

/**
 * Serves an engine until it is told to close, which it is between two operations. An operation's answer is posted when the
 * operation has returned, so that an engine whose methods return after their commit never answers ahead of it.
 */
export function serveEngines(engines: Engines): void {
  let engine: Engine | undefined;
  let operations: readonly string[] = [];
  const run = async (request: EngineRequest): Promise<unknown> => {
    if ("open" in request) {
      const open = Object.hasOwn(engines, request.open) ? engines[request.open] : undefined;
      if (open === undefined) throw new TypeError(`Cannot open engine ${request.open} as there is none of this name`);
      engine = await open(request.options);
      return operations = operationsOf(engine);
    }
    if ("close" in request) return engine?.close();
    const { operation, args } = request;
    const method = operations.includes(operation) ? Reflect.get(engine ?? {}, operation) : undefined;
    if (typeof method !== "function") {
      throw new TypeError(`Cannot run ${operation} as the engine has no such operation`);
    }
    return method.apply(engine, args);
  };
  // Opening may load the engine's code; whatever comes meanwhile waits for its turn.
  let before: Promise<void> = Promise.resolve();
  self.onmessage = ({ data: request }) => {
    before = before.then(async () => {
      self.postMessage(await answer(request, run));
      if ("close" in request) self.close();
    });
  };
}

async function answer(
  request: EngineRequest,
  run: (request: EngineRequest) => Promise<unknown>,
): Promise<EngineAnswer> {
  const { id } = request;
  try {
    return { id, ok: true, value: await run(request) };
  } catch (error) {
    return { id, ok: false, error: postError(error) };
  }
}

/** The names of an engine's methods, but for those that nobody may call from outside. */
function operationsOf(engine: Engine): string[] {
  const { constructor: _, close: __, ...methods } = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(engine));
  return Object.entries(methods).filter(([, { value }]) => typeof value === "function").map(([name]) => name);
}
