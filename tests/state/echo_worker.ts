/** A worker with an engine that does as it is told. */

import { serveEngines } from "../../src/state/engine_worker.ts";
import { StateError } from "../../src/state/state_error.ts";

/** An error of a class that the program must be told of. */
export class OwnError extends Error {
  override readonly name = "OwnError";
  readonly code = "ERR_OWN";
  readonly detail: number;

  constructor(detail: number) {
    super(`Cannot do it: ${detail}`);
    this.detail = detail;
  }
}

/** Operations for tests. */
export class EchoEngine {
  readonly #seen: string[] = [];

  echo<Value>(value: Value): Value {
    return value;
  }

  note(text: string): readonly string[] {
    this.#seen.push(text);
    return [...this.#seen];
  }

  fail(what: "state" | "type" | "own" | "unknown"): void {
    if (what === "state") throw new StateError("Cannot use x as it is full", { path: "x", failure: "full" });
    if (what === "type") throw new TypeError("Cannot take it");
    if (what === "own") throw new OwnError(7);
    throw Object.assign(new Error("Cannot say"), { name: "SomeError", code: "ERR_SOME" });
  }

  /** Waits, without an end to its turn, until the first number of the memory is no longer 0. */
  block(memory: SharedArrayBuffer): void {
    Atomics.wait(new Int32Array(memory), 0, 0);
  }

  /** Counts the call in the memory, at the index, and fails as locked while the memory's first number is not 0. */
  useLocked(memory: SharedArrayBuffer, index: number): void {
    const numbers = new Int32Array(memory);
    Atomics.add(numbers, index, 1);
    if (Atomics.load(numbers, 0) !== 0) throw new StateError("Cannot use x", { path: "x", failure: "busy" });
  }

  /** Never answers, as an error comes that nobody has asked for. */
  crash(how: "throws" | "rejects" = "throws"): Promise<never> {
    if (how === "rejects") void Promise.reject(new Error("boom"));
    else {
      queueMicrotask(() => {
        throw new Error("boom");
      });
    }
    return new Promise(() => {});
  }

  /** Cannot be replaced after that. */
  breakDown(): Promise<never> {
    this.renewed = () => {
      throw new Error("broken down");
    };
    return this.crash();
  }

  /** Tells in the memory that it has closed. */
  watchClose(memory: SharedArrayBuffer): void {
    this.#memory = memory;
  }

  #memory: SharedArrayBuffer | undefined;

  /** Makes an answer that cannot be posted. */
  keep(): unknown {
    return () => {};
  }

  renewed(): EchoEngine {
    return new EchoEngine();
  }

  close(): void {
    if (this.#memory !== undefined) Atomics.store(new Int32Array(this.#memory), 0, 1);
  }
}

let attempts = 0;

serveEngines({
  echo: (options: { readonly failures?: number }) => {
    if (attempts++ < (options.failures ?? 0)) {
      throw new StateError("Cannot open x as it is locked", { path: "x", failure: "busy" });
    }
    return Promise.resolve(new EchoEngine());
  },
});
