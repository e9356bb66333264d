/** A record that answers late, as one does that runs elsewhere: others go on before an operation is done, and after it. */

import type { RemotePart } from "../../src/state/remote_engine.ts";

/** Turns of the event loop that others have on either side of an operation. */
const TURNS = 3;

/** A part of the record whose every operation is done and answered late, what it holds further down too. */
export function answeringLate<Part extends object>(part: Part): RemotePart<Part> {
  const get = (target: Part, name: string | symbol): unknown => {
    const value: unknown = Reflect.get(target, name, target);
    if (typeof value === "object" && value !== null) return answeringLate(value);
    if (typeof value !== "function") return value;
    return async (...args: unknown[]): Promise<unknown> => {
      await passTurns();
      try {
        return await Reflect.apply(value, target, args);
      } finally {
        await passTurns();
      }
    };
  };
  return new Proxy(part, { get }) as RemotePart<Part>;
}

async function passTurns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
}

/** A part of the record that answers one question after the other, as a worker does; `between` happens after each. */
export function answeringInTurn<Part extends object>(part: Part, between: () => void): RemotePart<Part> {
  let before: Promise<unknown> = Promise.resolve();
  const get = (target: Part, name: string | symbol): unknown => (...args: unknown[]) => {
    const run: (...args: unknown[]) => unknown = Reflect.get(target as object, name);
    const answer = before.then(() => Reflect.apply(run, target, args));
    before = answer.then(between, () => {});
    return answer;
  };
  return new Proxy(part, { get }) as RemotePart<Part>;
}
