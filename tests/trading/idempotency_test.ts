import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { askedToPlace, askedToReplace, RunningCalls } from "../../src/trading/idempotency.ts";
import type { KeyedCall } from "../../src/trading/idempotency.ts";
import { TRADING_DATABASE } from "../../src/state/record/sqlite/trading_database.ts";
import type { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { StoreError } from "../../src/trading/record/store_error.ts";
import { TradingError } from "../../src/trading/orders/trading_error.ts";
import { answeringLate } from "./late_record.ts";
import { enterInstance, withStore } from "./stores.ts";

const ORDER = { pair: "XBTZAR", side: "BUY", type: "limit", volume: "0.001", price: "1000000" } as const;

Deno.test("askedToPlace() is one text for one request, in any spelling", () => {
  const asked = askedToPlace(ORDER);
  const { pair: _pair, ...rest } = ORDER;
  for (const pair of ["btc/zar", "xbt-zar", "BTCZAR", "bitcoin zar"]) {
    assert.equal(askedToPlace({ ...rest, pair }), asked);
  }
  const same = {
    volume: "0.0010",
    price: "1000000.00",
    time_in_force: "GTC",
    post_only: false,
    stop_price: undefined,
  } as const;
  assert.equal(askedToPlace({ ...ORDER, ...same }), asked);
});

Deno.test("askedToPlace() distinguishes different requests", () => {
  const others = [
    { side: "SELL" as const },
    { volume: "0.0011" },
    { price: "1000001" },
    { post_only: true },
    { time_in_force: "IOC" as const },
    { volume: undefined, counter_volume: "0.001" },
    { pair: "ETHZAR" },
  ];
  const texts = [ORDER, ...others.map((other) => ({ ...ORDER, ...other }))].map(askedToPlace);
  assert.equal(new Set(texts).size, texts.length);
});

Deno.test("askedToReplace() distinguishes a post_only that is kept from one that is off, and is no placing", () => {
  const replacement = { target: { orderId: "BX1" }, price: "1000000" };
  const texts = [
    askedToReplace(replacement),
    askedToReplace({ ...replacement, postOnly: false }),
    askedToReplace({ ...replacement, target: { clientOrderId: "BX1" } }),
    askedToReplace({ ...replacement, volume: "0.001" }),
    askedToPlace(ORDER),
  ];
  assert.equal(new Set(texts).size, texts.length);
  assert.equal(askedToReplace({ ...replacement, price: "1000000.0", idempotencyKey: "k" }), texts[0]);
});

interface Process {
  readonly calls: RunningCalls;
  /** Advances with every pause. */
  readonly clock: { now: number };
  pause: () => void;
  end(): void;
}

/** One process on the record, whose pauses take no time. */
function processOn(store: SqliteRecord, folder: string): Process {
  const instance = enterInstance(store, { folder });
  const clock = { now: 0 };
  const process: Process = {
    clock,
    pause: () => {},
    end: () => instance.end(),
    calls: new RunningCalls({
      claims: answeringLate(store.calls),
      instance,
      monotonic: () => clock.now,
      sleep: async (ms) => {
        clock.now += ms;
        process.pause();
        await Promise.resolve();
      },
    }),
  };
  return process;
}

function call(changes: Partial<KeyedCall> = {}): KeyedCall {
  const { signal } = new AbortController();
  const named = { identity: "local", idempotencyKey: "k", asked: "this", what: "place the order" } as const;
  return { account: "main", venue: "", ...named, signal, ...changes };
}

/** A call that has its key, until `gate` opens. */
async function held(
  { calls }: Process,
  gate: Promise<void>,
  changes: Partial<KeyedCall> = {},
): Promise<{ readonly done: Promise<void> }> {
  const begun = Promise.withResolvers<void>();
  const done = calls.run(call(changes), async () => {
    begun.resolve();
    await gate;
  });
  await begun.promise;
  return { done };
}

function codeOf(code: string) {
  return (error: unknown) => error instanceof TradingError && error.code === code;
}

Deno.test("RunningCalls.run() runs one call per key at a time, in order of arrival", () =>
  withStore(async (store, { folder }) => {
    const { calls, end } = processOn(store, folder);
    const steps: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = calls.run(call(), async () => {
      steps.push("first begins");
      await gate.promise;
      steps.push("first ends");
    });
    const second = calls.run(call(), () => Promise.resolve(steps.push("second")));
    await calls.run(call({ idempotencyKey: "other" }), () => Promise.resolve(steps.push("other")));
    gate.resolve();
    await Promise.all([first, second]);
    assert.deepEqual(steps, ["first begins", "other", "first ends", "second"]);
    end();
  }));

Deno.test("RunningCalls.run() lets one of two concurrent calls ask for a key that nobody here has", () =>
  withStore(async (store, { folder }) => {
    const { calls, end } = processOn(store, folder);
    const running = new Set<string>();
    const run = (name: string) =>
      calls.run(call(), async () => {
        assert.deepEqual([...running], []);
        running.add(name);
        await Promise.resolve();
        running.delete(name);
        return name;
      });
    assert.deepEqual(await Promise.all([run("one"), run("two"), run("three")]), ["one", "two", "three"]);
    const others = [run("four"), calls.run(call({ asked: "that" }), () => Promise.resolve("five"))];
    const [four, five] = await Promise.allSettled(others);
    assert.ok(four?.status === "fulfilled" && five?.status === "rejected");
    assert.equal(five.reason.code, "ERR_IDEMPOTENCY_MISMATCH");
    end();
  }));

Deno.test("RunningCalls.run() runs a call after the first one has failed", () =>
  withStore(async (store, { folder }) => {
    const { calls, end } = processOn(store, folder);
    const first = calls.run(call(), () => Promise.reject(new Error("no")));
    const second = calls.run(call(), () => Promise.resolve("yes"));
    await assert.rejects(first, /^Error: no$/);
    assert.equal(await second, "yes");
    end();
  }));

Deno.test("RunningCalls.run() waits for a call that runs in another process", () =>
  withStore(async (store, { folder, open }) => {
    const [one, two] = [processOn(store, folder), processOn(open(), folder)];
    const gate = Promise.withResolvers<string>();
    const first = one.calls.run(call(), () => gate.promise);
    const steps: string[] = [];
    let pauses = 0;
    two.pause = () => {
      if (++pauses === 3) gate.resolve("done");
    };
    const second = two.calls.run(call({ asked: null }), () => Promise.resolve(steps.push("second")));
    assert.equal(await first, "done");
    await second;
    assert.ok(pauses >= 3);
    one.end();
    two.end();
  }));

Deno.test("RunningCalls.run() refuses a key in use for something else, in any process", () =>
  withStore(async (store, { folder, open }) => {
    const [one, two] = [processOn(store, folder), processOn(open(), folder)];
    const gate = Promise.withResolvers<void>();
    const first = one.calls.run(call(), () => gate.promise);
    const other = () => assert.fail("it ran");
    for (const { calls } of [one, two]) {
      await assert.rejects(calls.run(call({ asked: "that" }), other), codeOf("ERR_IDEMPOTENCY_MISMATCH"));
      const replacing = calls.run(call({ asked: "that", what: "replace the order" }), other);
      await assert.rejects(replacing, { message: /^Cannot replace the order as the idempotency key was used/ });
    }
    await two.calls.run(call({ asked: "that", identity: "key:bob" }), () => Promise.resolve());
    await two.calls.run(call({ asked: "that", venue: "simulated-1" }), () => Promise.resolve());
    gate.resolve();
    await first;
    one.end();
    two.end();
  }));

Deno.test("RunningCalls.run() waits for another process for a minute at most", () =>
  withStore(async (store, { folder, open }) => {
    const [one, two] = [processOn(store, folder), processOn(open(), folder)];
    const gate = Promise.withResolvers<void>();
    const first = one.calls.run(call(), () => gate.promise);
    await assert.rejects(two.calls.run(call(), () => assert.fail("it ran")), codeOf("ERR_UNDER_WAY"));
    assert.ok(two.clock.now >= 60_000 && two.clock.now < 61_000);
    gate.resolve();
    await first;
    one.end();
    two.end();
  }));

Deno.test("RunningCalls.run() stops waiting when its caller aborts, for this and for another process", () =>
  withStore(async (store, { folder, open }) => {
    const [one, two] = [processOn(store, folder), processOn(open(), folder)];
    const gate = Promise.withResolvers<void>();
    const first = one.calls.run(call(), () => gate.promise);
    const givenUp = new AbortController();
    two.pause = () => givenUp.abort();
    const waiting = [one, two].map(({ calls }) =>
      calls.run(call({ signal: givenUp.signal }), () => assert.fail("it ran"))
    );
    for (const each of waiting) await assert.rejects(each, codeOf("ERR_CANCELLED"));
    gate.resolve();
    await first;
    one.end();
    two.end();
  }));

Deno.test("RunningCalls.run() releases with the next call a key that could not be released before", () =>
  withStore(async (store, { folder, open }) => {
    const { calls, end } = processOn(store, folder);
    const other = processOn(open(), folder);
    const release = store.calls.release.bind(store.calls);
    store.calls.release = () => {
      throw new StoreError("busy");
    };
    await calls.run(call(), () => Promise.resolve());
    store.calls.release = release;
    await assert.rejects(other.calls.run(call(), () => Promise.resolve()), codeOf("ERR_UNDER_WAY"));
    await calls.run(call({ idempotencyKey: "next" }), () => Promise.resolve());
    assert.equal(await other.calls.run(call(), () => Promise.resolve("free")), "free");
    end();
    other.end();
  }));

Deno.test("RunningCalls.run() takes over the key of a process that has ended within a call", () =>
  withStore(async (store, { folder, open }) => {
    const [one, two] = [processOn(store, folder), processOn(open(), folder)];
    const gate = Promise.withResolvers<void>();
    const first = await held(one, gate.promise);
    one.end();
    assert.equal(await two.calls.run(call({ asked: "that" }), () => Promise.resolve("ran")), "ran");
    gate.resolve();
    await first.done;
    two.end();
  }));

Deno.test("CallClaims.clear() releases the keys of processes that have ended, and of no other", () =>
  withStore(async (store, { folder, open }) => {
    const [one, two] = [processOn(store, folder), processOn(open(), folder)];
    const gate = Promise.withResolvers<void>();
    const first = await held(one, gate.promise);
    const second = await held(two, gate.promise, { idempotencyKey: "other" });
    const keys = () => {
      const reader = new DatabaseSync(join(folder, TRADING_DATABASE), { readOnly: true });
      const rows = reader.prepare("SELECT idempotency_key FROM calls").all().map((row) => row["idempotency_key"]);
      reader.close();
      return rows;
    };
    one.end();
    assert.deepEqual(keys().toSorted(), ["k", "other"]);
    store.calls.clear();
    assert.deepEqual(keys(), ["other"]);
    gate.resolve();
    await Promise.all([first.done, second.done]);
    two.end();
  }));
