import assert from "node:assert/strict";
import { startEngine } from "../../src/state/remote_engine.ts";
import type { Remote, RemoteEngineOptions } from "../../src/state/remote_engine.ts";
import { StateError } from "../../src/state/state_error.ts";
import type { EchoEngine } from "./echo_worker.ts";

const WORKER = new URL("./echo_worker.ts", import.meta.url);

function start(options: Partial<RemoteEngineOptions> = {}) {
  return startEngine<EchoEngine>({ worker: WORKER, engine: "echo", path: "x.db", ...options });
}

async function withEngine(
  body: (engine: Remote<EchoEngine>) => Promise<void>,
  options: Partial<RemoteEngineOptions> = {},
): Promise<void> {
  const engine = await start(options).open({});
  try {
    await body(engine);
  } finally {
    await engine.close();
  }
}

/** Memory that the engine waits on, and what lets it go on. */
function gate(): { memory: SharedArrayBuffer; open: () => void } {
  const memory = new SharedArrayBuffer(4);
  return {
    memory,
    open() {
      Atomics.store(new Int32Array(memory), 0, 1);
      Atomics.notify(new Int32Array(memory), 0);
    },
  };
}

function failsWith(code: string): (error: unknown) => boolean {
  return (error) => error instanceof StateError && error.code === code;
}

Deno.test("Remote engines exchange plain values, including bigints and bytes", () =>
  withEngine(async (engine) => {
    const value = { id: 2n ** 60n, digest: new Uint8Array([1, 2]), none: undefined, list: [null, "a", 1.5] };
    assert.deepEqual(await engine.echo(value), value);
  }));

Deno.test("Remote engines run operations in the order of the calls", () =>
  withEngine(async (engine) => {
    const answers = await Promise.all(["a", "b", "c"].map((text) => engine.note(text)));
    assert.deepEqual(answers, [["a"], ["a", "b"], ["a", "b", "c"]]);
  }));

Deno.test("Remote engines reject with the class and the code of the engine's error", () =>
  withEngine(async (engine) => {
    await assert.rejects(engine.fail("state"), (error) => {
      assert.ok(error instanceof StateError);
      const { message, path, failure, code } = error;
      assert.deepEqual([message, path, failure, code], ["Cannot use x as it is full", "x", "full", "ERR_STATE_FULL"]);
      return true;
    });
    await assert.rejects(engine.fail("type"), TypeError);
    await assert.rejects(engine.fail("unknown"), { name: "SomeError", message: "Cannot say", code: "ERR_SOME" });
  }));

Deno.test("Remote engines recreate errors of the registered classes", async () => {
  class OwnError extends Error {
    readonly detail: unknown;

    constructor(detail: unknown) {
      super("own");
      this.detail = detail;
    }
  }
  const errors = {
    OwnError: ({ fields: { detail } }: { fields: Readonly<Record<string, unknown>> }) => new OwnError(detail),
  };
  await withEngine(async (engine) => {
    await assert.rejects(engine.fail("own"), (error) => error instanceof OwnError && error.detail === 7);
  }, { errors });
});

Deno.test("Remote engines refuse what cannot be posted, and continue", () =>
  withEngine(async (engine) => {
    await assert.rejects(engine.echo(() => {}), { name: "DataCloneError" });
    assert.equal(await engine.echo(1), 1);
  }));

Deno.test("Remote engines offer the engine's methods and nothing else", () =>
  withEngine((engine) => {
    const names = ["block", "breakDown", "close", "crash", "echo", "fail", "keep", "note", "useLocked", "watchClose"];
    assert.deepEqual(Object.keys(engine).sort(), names);
    return Promise.resolve();
  }));

Deno.test("Remote engines refuse more operations than may be queued with ERR_STATE_OVERLOADED, and run the others", () =>
  withEngine(async (engine) => {
    const { memory, open } = gate();
    const waiting = [engine.block(memory), engine.note("a")];
    await assert.rejects(engine.note("b"), failsWith("ERR_STATE_OVERLOADED"));
    open();
    await Promise.all(waiting);
    assert.deepEqual(await engine.note("c"), ["a", "c"]);
  }, { maxInFlight: 2 }));

/** A clock on which a millisecond passes with each look. */
function ticking(): () => number {
  let nowMs = 0;
  return () => nowMs++;
}

/** Memory whose first number says that the state is locked; the others count calls. */
function lockedMemory(calls: number): { memory: SharedArrayBuffer; numbers: Int32Array } {
  const memory = new SharedArrayBuffer(4 * (1 + calls));
  const numbers = new Int32Array(memory);
  Atomics.store(numbers, 0, 1);
  return { memory, numbers };
}

/** Until the worker was asked more than once for what the fourth number counts. */
async function triedAgain(numbers: Int32Array): Promise<void> {
  while (Atomics.load(numbers, 4) < 2) await new Promise((resolve) => setTimeout(resolve));
}

Deno.test("Remote engines refuse operations that waited behind a lock with the first ones, untried", async () => {
  let nowMs = 0;
  await withEngine(async (engine) => {
    const { memory, numbers } = lockedMemory(40);
    const waiting = Promise.allSettled(Array.from({ length: 40 }, (_, i) => engine.useLocked(memory, i + 1)));
    await triedAgain(numbers);
    nowMs = 100;
    for (const outcome of await waiting) {
      assert.ok(outcome.status === "rejected" && failsWith("ERR_STATE_BUSY")(outcome.reason));
    }
    assert.deepEqual([...numbers.slice(5)], Array(36).fill(0));
    Atomics.store(numbers, 0, 0);
    await engine.useLocked(memory, 40);
  }, { patience: { patienceMs: 100, monotonic: () => nowMs } });
});

Deno.test("Remote engines run operations that waited behind a lock when it is released in time", () =>
  withEngine(async (engine) => {
    const { memory, numbers } = lockedMemory(40);
    const waiting = Promise.all(Array.from({ length: 40 }, (_, i) => engine.useLocked(memory, i + 1)));
    await triedAgain(numbers);
    Atomics.store(numbers, 0, 0);
    await waiting;
    assert.deepEqual([...numbers.slice(5)], Array(36).fill(1));
  }, { patience: { patienceMs: 100, monotonic: () => 0 } }));

Deno.test("Remote engines try a locked operation once when they have no patience", () =>
  withEngine(async (engine) => {
    const { memory, numbers } = lockedMemory(1);
    await assert.rejects(engine.useLocked(memory, 1), failsWith("ERR_STATE_BUSY"));
    assert.equal(numbers[1], 1);
  }));

Deno.test("Remote engines close when operations that wait for a lock have ended", async () => {
  const patience = { patienceMs: 100, monotonic: ticking() };
  const engine = await start({ patience }).open({});
  const { memory } = lockedMemory(8);
  const waiting = Array.from({ length: 8 }, (_, i) => engine.useLocked(memory, i + 1));
  const closed = engine.close();
  for (const outcome of await Promise.allSettled(waiting)) assert.equal(outcome.status, "rejected");
  await closed;
});

for (const how of ["throws", "rejects"] as const) {
  Deno.test(`Remote engines continue with another one after each fault that ${how}; operations in progress have an unknown outcome`, () =>
    withEngine(async (engine) => {
      for (const text of ["a", "b", "c"]) {
        const waiting = [engine.note("before"), engine.crash(how), engine.note(text)];
        const outcomes = await Promise.allSettled(waiting);
        const codes = outcomes.map((outcome) => outcome.status === "rejected" ? outcome.reason.code : outcome.value);
        assert.deepEqual(codes.slice(1), ["ERR_STATE_OUTCOME_UNKNOWN", [text]], "the engine is a new one");
      }
    }));
}

Deno.test("Remote engines report an unknown outcome when an answer cannot be posted, and continue", () =>
  withEngine(async (engine) => {
    await engine.note("a");
    await assert.rejects(engine.keep(), failsWith("ERR_STATE_OUTCOME_UNKNOWN"));
    assert.deepEqual(await engine.note("b"), ["a", "b"]);
  }));

Deno.test("Remote engines that cannot be replaced end their worker; operations in progress have an unknown outcome", async () => {
  const engine = await start().open({});
  const { memory, open } = gate();
  const waiting = [engine.block(memory), engine.breakDown(), engine.note("a")];
  open();
  const outcomes = await Promise.allSettled(waiting);
  const codes = outcomes.map((outcome) => outcome.status === "rejected" ? outcome.reason.code : outcome.status);
  assert.deepEqual(codes, ["fulfilled", "ERR_STATE_OUTCOME_UNKNOWN", "ERR_STATE_OUTCOME_UNKNOWN"]);
  await assert.rejects(engine.note("b"), failsWith("ERR_STATE_CLOSED"));
  await engine.close();
});

Deno.test("Remote engines close after the queued operations, once, and answer nothing afterwards", async () => {
  const engine = await start().open({});
  const closed = new SharedArrayBuffer(4);
  await engine.watchClose(closed);
  const { memory, open } = gate();
  const waiting = [engine.block(memory), engine.note("a")];
  const closing = [engine.close(), engine.close()];
  await assert.rejects(engine.note("b"), failsWith("ERR_STATE_CLOSED"));
  assert.equal(Atomics.load(new Int32Array(closed), 0), 0);
  open();
  await Promise.all([...waiting, ...closing]);
  assert.equal(Atomics.load(new Int32Array(closed), 0), 1);
});

Deno.test("EngineWorker.open() can be retried in the same worker, and refuses unknown engines", async () => {
  const worker = start();
  await assert.rejects(worker.open({ failures: 1 }), failsWith("ERR_STATE_BUSY"));
  const engine = await worker.open({ failures: 1 });
  assert.equal(await engine.echo("a"), "a");
  await engine.close();
  const unknown = start({ engine: "toString" });
  await assert.rejects(unknown.open({}), /there is none of this name/);
  await unknown.close();
});

Deno.test("EngineWorker.open() rejects when the worker's module cannot be loaded", async () => {
  const worker = start({ worker: new URL("./no_such_worker.ts", import.meta.url) });
  await assert.rejects(worker.open({}), failsWith("ERR_STATE_OUTCOME_UNKNOWN"));
  await worker.close();
});
