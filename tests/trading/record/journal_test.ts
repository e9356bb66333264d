import Big from "big.js";
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { NewPlacement } from "../../../src/trading/record/recorded_placement.ts";
import type { Policy } from "../../../src/trading/policy/policy.ts";
import { TRADING_DATABASE } from "../../../src/trading/record/store.ts";
import {
  asIntent,
  entry,
  FREE,
  INSTANCE,
  NOW,
  ORDER,
  outcomeOf,
  place,
  refuseAtExchange,
  withStore,
} from "../stores.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

function policy(rules: Partial<Policy>): Policy {
  return { ...FREE, ...rules };
}

function eventsOf(store: Parameters<Parameters<typeof withStore>[0]>[0], clientOrderId: string): string[] {
  return store.audit.trail({ clientOrderId }).map(({ event }) => event);
}

function usesIn(folder: string): unknown[] {
  const database = new DatabaseSync(join(folder, TRADING_DATABASE), { readOnly: true });
  try {
    return database.prepare("SELECT identity, currency, amount FROM day_use").all().map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

/** Starts `caller_process.ts`. */
function startCaller(...args: string[]): Deno.ChildProcess {
  const path = new URL("../caller_process.ts", import.meta.url).pathname;
  const permissions = ["--no-prompt", "--allow-read", "--allow-write=/tmp", "--allow-run", "--allow-sys=uid"];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", ...permissions, path, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Lets callers that are ready begin at the same moment; answers what each prints. */
async function race(callers: readonly Deno.ChildProcess[]): Promise<string[]> {
  const outputs = callers.map(({ stdout }) => stdout.pipeThrough(new TextDecoderStream()).getReader());
  const first = await Promise.all(outputs.map((output) => output.read()));
  assert.deepEqual(first.map(({ value }) => value), callers.map(() => "ready "));
  await Promise.all(callers.map(({ stdin }) => stdin.close()));
  const printed = await Promise.all(outputs.map(async (output) => (await output.read()).value ?? ""));
  await Promise.all(outputs.map((output) => output.cancel()));
  await Promise.all(callers.map(({ status }) => status));
  return printed;
}

Deno.test("Journal takes a placement from sent to placed to closed, each with its audit row", () =>
  withStore((store) => {
    const { journal } = store;
    const begun = journal.begin(entry("a"), FREE, NOW);
    assert.ok(begun.kind === "begun");
    assert.deepEqual(begun.placement, {
      ...entry("a"),
      worstPrice: null,
      asked: null,
      venue: "",
      state: "sent",
      orderId: null,
      isOpen: false,
      createdAt: NOW,
      sentAt: NOW,
      settledAt: null,
      reason: null,
    });
    const placed = journal.settle("lm-a", { state: "placed", orderId: "BXA" }, NOW + 2);
    assert.deepEqual(
      [placed.state, placed.orderId, placed.isOpen, placed.sentAt, placed.validUntil, placed.settledAt],
      ["placed", "BXA", true, NOW, NOW + 5_000, NOW + 2],
    );
    assert.deepEqual(journal.findByOrderId("BXA"), placed);
    journal.close("lm-a", { base: "0.001", counter: "1000", feeCounter: "1" }, NOW + 3);
    journal.close("lm-a", { base: "0.001", counter: "1000" }, NOW + 4);
    assert.equal(journal.find("lm-a")?.isOpen, false);
    assert.deepEqual(eventsOf(store, "lm-a"), ["intent", "sent", "outcome", "fill"]);
    assert.ok(store.audit.verify().ok);
  }));

Deno.test("Journal.begin() answers a repeated key with the first placement, whatever has become of it", () =>
  withStore((store) => {
    place(store, "a", { idempotencyKey: "key-1" });
    store.killSwitch.pull({ by: "test", reason: "stop", now: NOW });
    const again = store.journal.begin(entry("b", { idempotencyKey: "key-1" }), FREE, NOW);
    assert.ok(again.kind === "repeated");
    assert.deepEqual([again.placement.clientOrderId, again.placement.orderId], ["lm-a", "BXa"]);
    assert.equal(store.journal.find("lm-b"), undefined);
  }));

Deno.test("Journal.begin() refuses a key that was used for another order, or for a paper one", () =>
  withStore((store) => {
    place(store, "a", { idempotencyKey: "key-1" });
    const order = { ...ORDER, volume: "0.002" };
    for (const changes of [{ order }, { paper: true }]) {
      const other = store.journal.begin(entry("b", { ...changes, idempotencyKey: "key-1" }), FREE, NOW);
      assert.equal(outcomeOf(other), "ERR_IDEMPOTENCY_MISMATCH");
    }
    assert.equal(
      outcomeOf(store.journal.begin(entry("c", { identity: "key:bob", idempotencyKey: "key-1" }), FREE, NOW)),
      "begun",
    );
  }));

Deno.test("Journal.begin() uses a preview once, and names its use to nobody else", () =>
  withStore((store, { open }) => {
    assert.equal(outcomeOf(store.journal.begin(entry("a"), FREE, NOW)), "begun");
    const second = open().journal.begin(entry("b", { previewId: "preview-a" }), FREE, NOW);
    assert.ok(second.kind === "refused" && second.code === "ERR_PREVIEW_USED");
    assert.match(second.message, /lm-a/);
    const foreign = store.journal.begin(entry("c", { previewId: "preview-a", identity: "key:eve" }), FREE, NOW);
    assert.ok(foreign.kind === "refused" && foreign.code === "ERR_PREVIEW_USED");
    assert.doesNotMatch(foreign.message, /lm-a/);
  }));

Deno.test("Journal.begin() reserves what is traded in a day, so that two callers cannot exceed it together", () =>
  withStore((store, { open }) => {
    const limited = policy({ maxPerDay: { amount: "2000", currency: "ZAR" } });
    const other = open();
    assert.equal(outcomeOf(store.journal.begin(entry("a"), limited, NOW)), "begun");
    assert.equal(outcomeOf(other.journal.begin(entry("b"), limited, NOW)), "begun");
    const cent = { currency: "ZAR", amount: "0.01" };
    const over = store.journal.begin(entry("c", { notional: cent }), limited, NOW);
    assert.ok(over.kind === "refused" && over.code === "ERR_LIMIT_PER_DAY");
    assert.match(over.message, /2000 ZAR in a UTC day, 2000 are used and this order takes 0\.01/);
    assert.equal(over.retryAfterMs, 14 * 3_600_000);

    other.journal.settle("lm-b", { state: "not_placed", reason: "ERR_ORDER_REFUSED" }, NOW);
    assert.equal(outcomeOf(store.journal.begin(entry("d"), limited, NOW)), "begun");
    store.journal.settle("lm-d", { state: "unknown", reason: "ERR_TIMEOUT" }, NOW);
    assert.equal(outcomeOf(store.journal.begin(entry("e", { notional: cent }), limited, NOW)), "ERR_LIMIT_PER_DAY");
  }));

Deno.test("Journal.begin() counts a day, an identity, paper and real money apart", () =>
  withStore((store) => {
    const limited = policy({ maxPerDay: { amount: "1000", currency: "ZAR" }, maxOpenOrders: 1 });
    const midnight = Date.UTC(2026, 10, 23);
    assert.equal(outcomeOf(store.journal.begin(entry("a"), limited, midnight - 1)), "begun");
    assert.equal(outcomeOf(store.journal.begin(entry("b"), limited, midnight - 1)), "ERR_LIMIT_OPEN_ORDERS");
    assert.equal(outcomeOf(store.journal.begin(entry("c", { paper: true }), limited, midnight - 1)), "begun");
    assert.equal(outcomeOf(store.journal.begin(entry("d", { identity: "key:bob" }), limited, midnight - 1)), "begun");
    place(store, "old", { at: midnight - 1, identity: "key:carl" });
    store.journal.close("lm-old", { base: "0.001", counter: "1000" }, midnight - 1);
    const carl = { identity: "key:carl" };
    assert.equal(outcomeOf(store.journal.begin(entry("e", carl), limited, midnight - 1)), "ERR_LIMIT_PER_DAY");
    assert.equal(outcomeOf(store.journal.begin(entry("f", carl), limited, midnight)), "begun");
  }));

Deno.test("Journal keeps the day's use equal to what its placements are worth, through every outcome", () =>
  withStore((store, { folder }) => {
    const { journal } = store;
    const limited = policy({ maxPerDay: { amount: "1000000", currency: "ZAR" } });
    const outcomes = [
      { state: "placed", orderId: "BX" },
      { state: "not_placed", reason: "ERR_TIMEOUT" },
      { state: "unknown", reason: "ERR_TIMEOUT" },
    ] as const;
    let kept = new Big(0);
    for (const [i, steps] of [[], [0], [1], [2], [2, 0], [2, 1], [2, 1, 0], [1, 1], [0, 1]].entries()) {
      const amount = `${i + 1}.0${i}`;
      journal.begin(entry(`${i}`, { notional: { currency: "ZAR", amount } }), limited, NOW);
      for (const step of steps) journal.settle(`lm-${i}`, outcomes[step] ?? outcomes[0], NOW);
      if (journal.find(`lm-${i}`)?.state !== "not_placed") kept = kept.plus(amount);
    }
    assert.deepEqual(usesIn(folder), [{ identity: "key:alice", currency: "ZAR", amount: kept.toFixed() }]);
  }));

Deno.test("Journal.begin() lets a clock that was set back make no room", () =>
  withStore((store) => {
    const limited = policy({ maxPerDay: { amount: "1000", currency: "ZAR" } });
    assert.equal(outcomeOf(store.journal.begin(entry("a"), limited, NOW + DAY_MS)), "begun");
    assert.equal(outcomeOf(store.journal.begin(entry("b"), limited, NOW)), "ERR_LIMIT_PER_DAY");
    assert.equal(outcomeOf(store.journal.begin(entry("c"), policy({ maxOrdersPerMinute: 1 }), NOW)), "ERR_LIMIT_RATE");
  }));

Deno.test("Journal.begin() counts orders of the last minute and tells when there is room", () =>
  withStore((store) => {
    const limited = policy({ maxOrdersPerMinute: 2 });
    store.journal.begin(entry("a"), limited, NOW);
    store.journal.begin(entry("b"), limited, NOW + 10_000);
    const third = store.journal.begin(entry("c"), limited, NOW + 20_000);
    assert.ok(third.kind === "refused" && third.code === "ERR_LIMIT_RATE");
    assert.equal(third.retryAfterMs, 40_000);
    assert.equal(outcomeOf(store.journal.begin(entry("d"), limited, NOW + MINUTE_MS - 1)), "ERR_LIMIT_RATE");
    assert.equal(outcomeOf(store.journal.begin(entry("e"), limited, NOW + MINUTE_MS)), "begun");
  }));

Deno.test("Journal.begin() gives an open order's place back once that is final or known not to exist", () =>
  withStore((store) => {
    const limited = policy({ maxOpenOrders: 1 });
    place(store, "a");
    assert.equal(outcomeOf(store.journal.begin(entry("b"), limited, NOW)), "ERR_LIMIT_OPEN_ORDERS");
    store.journal.close("lm-a", { base: "0", counter: "0" }, NOW);
    assert.equal(outcomeOf(store.journal.begin(entry("c"), limited, NOW)), "begun");
    store.journal.settle("lm-c", { state: "unknown", reason: "ERR_TIMEOUT" }, NOW);
    assert.equal(outcomeOf(store.journal.begin(entry("d"), limited, NOW)), "ERR_LIMIT_OPEN_ORDERS");
    store.journal.settle("lm-c", { state: "not_placed", reason: "ERR_TIMEOUT" }, NOW);
    assert.equal(outcomeOf(store.journal.begin(entry("e"), limited, NOW)), "begun");
  }));

Deno.test("Journal.begin() pauses after refusals by the exchange, not after its own", () =>
  withStore((store) => {
    const limited = policy({ coolOff: { rejects: 2, withinSeconds: 10, pauseSeconds: 30 } });
    store.journal.begin(entry("halted"), policy({ maxOpenOrders: 0 }), NOW);
    refuseAtExchange(store, "a", NOW);
    assert.equal(outcomeOf(store.journal.begin(entry("b"), limited, NOW)), "begun");
    refuseAtExchange(store, "c", NOW + 10_000);
    const paused = store.journal.begin(entry("d"), limited, NOW + 11_000);
    assert.ok(paused.kind === "refused" && paused.code === "ERR_COOLING_OFF");
    assert.equal(paused.retryAfterMs, 29_000);
    assert.equal(outcomeOf(store.journal.begin(entry("e"), limited, NOW + 40_000)), "begun");
  }));

Deno.test("Journal.begin() writes a refusal to the audit and nothing to the journal", () =>
  withStore((store) => {
    store.journal.begin(entry("a"), policy({ maxOpenOrders: 0 }), NOW);
    assert.equal(store.journal.find("lm-a"), undefined);
    const [row, ...more] = store.audit.trail({ clientOrderId: "lm-a" });
    assert.equal(row?.event, "decision");
    assert.equal(JSON.parse(row?.data ?? "").code, "ERR_LIMIT_OPEN_ORDERS");
    assert.equal(more.length, 0);
  }));

Deno.test("Journal.begin() takes no entry whose digest is another order's", () =>
  withStore(({ journal }) => {
    assert.throws(() => journal.begin(entry("a", { digest: "0".repeat(64) }), FREE, NOW), TypeError);
  }));

Deno.test("Journal.begin() sends for nobody whom another process has taken over from", () =>
  withStore((store, { open }) => {
    open().instances.remove(INSTANCE.id);
    assert.equal(outcomeOf(store.journal.begin(entry("a"), FREE, NOW)), "ERR_TAKEN_OVER");
    assert.deepEqual(store.journal.unsettled(), []);
  }));

Deno.test("Journal.withdraw() settles what was never handed to the network, and counts it as sent no more", () =>
  withStore((store) => {
    const limited = policy({ coolOff: { rejects: 1, withinSeconds: 60, pauseSeconds: 60 } });
    store.journal.begin(entry("a"), limited, NOW);
    const { state, reason, sentAt } = store.journal.withdraw("lm-a", "ERR_CANCELLED", NOW + 1);
    assert.deepEqual([state, reason, sentAt], ["not_placed", "ERR_CANCELLED", null]);
    assert.deepEqual(eventsOf(store, "lm-a"), ["intent", "sent", "outcome"]);
    assert.equal(outcomeOf(store.journal.begin(entry("b"), limited, NOW + 2)), "begun");
  }));

Deno.test("Journal.forgetIntent() leaves alone what was sent meanwhile", () =>
  withStore((store, { folder }) => {
    store.journal.begin(entry("intent"), FREE, NOW);
    asIntent(folder, "intent");
    store.journal.begin(entry("sent"), FREE, NOW);
    for (const name of ["intent", "sent"]) store.journal.forgetIntent(`lm-${name}`, NOW);
    assert.equal(store.journal.find("lm-intent")?.state, "not_placed");
    assert.equal(store.journal.find("lm-sent")?.state, "sent");
  }));

Deno.test("Journal.settle() never unlearns: unknown gives way, placed stands, a late find corrects not_placed", () =>
  withStore(({ journal }) => {
    journal.begin(entry("a"), FREE, NOW);
    assert.equal(journal.settle("lm-a", { state: "unknown", reason: "ERR_TIMEOUT" }, NOW).state, "unknown");
    assert.equal(journal.settle("lm-a", { state: "not_placed", reason: "ERR_TIMEOUT" }, NOW).state, "not_placed");
    assert.equal(journal.settle("lm-a", { state: "unknown", reason: "ERR_TIMEOUT" }, NOW).state, "not_placed");
    const found = journal.settle("lm-a", { state: "placed", orderId: "BXA" }, NOW);
    assert.deepEqual([found.state, found.orderId, found.reason, found.isOpen], ["placed", "BXA", null, true]);
    const late = journal.settle("lm-a", { state: "not_placed", reason: "ERR_TIMEOUT" }, NOW);
    assert.deepEqual(late, found);
  }));

Deno.test("Journal.unsettled() and open() list what is to be reconciled and what is open, oldest first", () =>
  withStore(({ journal }, { open }) => {
    const store = open();
    journal.begin(entry("second"), FREE, NOW + 2);
    journal.begin(entry("first"), FREE, NOW + 1);
    place(store, "open", { at: NOW + 3 });
    place(store, "paper", { at: NOW, paper: true });
    place(store, "final");
    journal.close("lm-final", { base: "0", counter: "0" }, NOW);
    const ids = (placements: readonly { clientOrderId: string }[]) => placements.map((each) => each.clientOrderId);
    assert.deepEqual(ids(store.journal.unsettled()), ["lm-first", "lm-second"]);
    assert.deepEqual(ids(store.journal.open()), ["lm-paper", "lm-open"]);
    assert.deepEqual(ids(store.journal.open("key:alice", false)), ["lm-open"]);
    assert.deepEqual(ids(store.journal.open("key:bob")), []);
  }));

Deno.test("Journal.begin() in two processes at once lets them reach a limit per day together, not exceed it", () =>
  withStore(async (store, { folder }) => {
    const counts = await race(["one-", "two-"].map((name) => startCaller(folder, "race", name, "40")));
    assert.equal(counts.reduce((sum, count) => sum + Number(count), 0), 20);
    assert.equal(store.journal.unsettled().length, 20);
    assert.ok(store.audit.verify().ok);
  }));

Deno.test("Journal keeps as sent what a process that was killed had written down", () =>
  withStore(async (store, { folder }) => {
    const caller = startCaller(folder, "die");
    await Promise.all([caller.stdin.close(), caller.stdout.cancel()]);
    assert.equal((await caller.status).signal, "SIGKILL");
    const [left, ...more] = store.journal.unsettled();
    assert.deepEqual([left?.clientOrderId, left?.state, left?.sentAt, more.length], ["lm-dying", "sent", NOW, 0]);
    const again = store.journal.begin(entry("again", { idempotencyKey: "key-1" }), FREE, NOW);
    assert.ok(again.kind === "repeated" && again.placement.clientOrderId === "lm-dying");
    assert.deepEqual(store.audit.verify(), { ok: true, rows: 3, head: store.audit.trail({}).at(-1)?.hash });
  }));

Deno.test("Journal.begin() knows a repetition by what was asked for, and by the order where that is not known", () =>
  withStore(({ journal }) => {
    const begin = (name: string, changes: Partial<NewPlacement>) =>
      outcomeOf(journal.begin(entry(name, { idempotencyKey: "k", ...changes }), FREE, NOW));
    assert.equal(begin("a", { asked: "this" }), "begun");
    assert.equal(begin("b", { asked: "this", order: { ...ORDER, volume: "0.002" } }), "repeated");
    assert.equal(begin("c", { asked: "that" }), "ERR_IDEMPOTENCY_MISMATCH");
    assert.equal(begin("d", {}), "repeated");
    assert.equal(begin("e", { order: { ...ORDER, volume: "0.002" } }), "ERR_IDEMPOTENCY_MISMATCH");
  }));

Deno.test("Journal.endOthers() leaves alone what a process that lives has on an exchange that lasts as long as it", () =>
  withStore(({ journal, instances }) => {
    journal.at("simulated-1").begin(entry("dead"), FREE, NOW);
    const living = instances.enter({ pid: 1, command: "serve", startedAt: NOW, cancels: [] });
    journal.at("simulated-1").begin(entry("living", { instance: living.id }), FREE, NOW);
    const fresh = journal.at("simulated-2");
    const end = () => fresh.endOthers({ paper: false, lastWithProcess: true, now: NOW });
    assert.deepEqual([end(), end()], [1, 0]);
    assert.deepEqual(journal.unsettled().map(({ clientOrderId }) => clientOrderId), ["lm-living"]);
    living.end();
    assert.equal(end(), 1);
  }));
