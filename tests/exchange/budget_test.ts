import assert from "node:assert/strict";
import fc from "fast-check";
import { CallBudget, type Turn } from "../../src/exchange/budget.ts";
import type { Reservation } from "../../src/exchange/call_supply.ts";
import type { Priority } from "../../src/exchange/endpoint.ts";
import { FakeClock } from "./fake_clock.ts";

function setup(options: { limitPerMinute?: number; maxQueue?: number; maxWaitMs?: number } = {}) {
  const clock = new FakeClock();
  return { clock, budget: new CallBudget({ ...options, now: clock.now, sleep: clock.sleep }) };
}

async function drain(budget: CallBudget, priority: Priority): Promise<number> {
  for (let granted = 0;; granted++) if (!(await budget.take(priority)).ok) return granted;
}

Deno.test("CallBudget keeps a reserve for all higher priorities", async () => {
  const { budget } = setup({ maxWaitMs: 0 });
  assert.equal(await drain(budget, "market"), 240);
  assert.equal(await drain(budget, "account"), 30);
  assert.equal(await drain(budget, "order"), 15);
  assert.equal(await drain(budget, "cancel"), 15);
  assert.equal(budget.remaining, 0);
});

Deno.test("CallBudget.take() says at once when to retry, if waiting would not help", async () => {
  const { budget, clock } = setup({ limitPerMinute: 2 });
  await budget.take("cancel");
  await clock.advance(20_000);
  await budget.take("cancel");
  assert.deepEqual(await budget.take("cancel"), { ok: false, retryAfterMs: 40_000 });
  assert.equal(clock.sleeping, 0);
});

Deno.test("CallBudget.take() waits for a slot that comes soon", async () => {
  const { budget, clock } = setup({ limitPerMinute: 1 });
  await budget.take("market");
  await clock.advance(57_000);
  const waiting = budget.take("market");
  await clock.advance(2_999);
  assert.equal(clock.sleeping, 1);
  await clock.advance(1);
  assert.equal((await waiting).ok, true);
});

Deno.test("CallBudget serves a cancel before reads that have waited longer", async () => {
  const { budget, clock } = setup({ limitPerMinute: 1 });
  await budget.take("market");
  await clock.advance(58_000);
  const order: string[] = [];
  const wait = (priority: Priority) => budget.take(priority).then((turn) => order.push(`${priority} ${turn.ok}`));
  const all = [wait("market"), wait("account"), wait("cancel")];
  await clock.advance(10_000);
  await Promise.all(all);
  assert.equal(order[0], "cancel true");
  assert.deepEqual(order.slice(1).sort(), ["account false", "market false"]);
  assert.equal(clock.sleeping, 0);
});

Deno.test("CallBudget.take() lets no caller overtake the queue, even when the timer that serves it is late", async () => {
  const { budget, clock } = setup({ limitPerMinute: 1 });
  await budget.take("market");
  await clock.advance(58_000);
  const first = budget.take("account");
  clock.jump(2_000);
  const late = budget.take("market");
  await clock.advance(6_000);
  assert.deepEqual([(await first).ok, (await late).ok], [true, false]);
});

Deno.test("CallBudget queues at most maxQueue callers", async () => {
  const { budget, clock } = setup({ limitPerMinute: 1, maxQueue: 2 });
  await budget.take("market");
  await clock.advance(58_000);
  const waiting = [budget.take("market"), budget.take("market")];
  assert.equal((await budget.take("market")).ok, false);
  await clock.advance(10_000);
  assert.deepEqual((await Promise.all(waiting)).map(({ ok }) => ok), [true, false]);
});

Deno.test("CallBudget.take() releases its place when the caller aborts, and leaves no timer", async () => {
  const { budget, clock } = setup({ limitPerMinute: 1 });
  await budget.take("market");
  await clock.advance(58_000);
  const caller = new AbortController();
  const waiting = budget.take("market", caller.signal);
  caller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(budget.take("market", caller.signal), /enough/);
  assert.equal(clock.sleeping, 0);
  await clock.advance(2_000);
  assert.equal(budget.remaining, 1);
});

Deno.test("CallBudget refuses a limit that is not a positive integer", () => {
  for (const limitPerMinute of [0, 1.5, NaN]) assert.throws(() => new CallBudget({ limitPerMinute }), RangeError);
});

Deno.test("CallBudget never grants more than its limit in any 60 seconds, answers every caller in time, and keeps the order within a priority", async () => {
  const arrivals = fc.array(
    fc.record({
      afterMs: fc.nat(9_000),
      count: fc.integer({ min: 1, max: 6 }),
      priority: fc.constantFrom<Priority>("cancel", "order", "account", "market"),
      gives_up: fc.boolean(),
    }),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 12 }), async (bursts, limitPerMinute) => {
      const { budget, clock } = setup({ limitPerMinute, maxWaitMs: 5_000 });
      const grants: { at: number; priority: Priority; asked: number }[] = [];
      const waits: number[] = [];
      const answers: Promise<unknown>[] = [];
      let asked = 0;
      for (const { afterMs, count, priority, gives_up } of bursts) {
        await clock.advance(afterMs);
        for (let i = 0; i < count; i++) {
          const started = clock.now();
          const number = asked++;
          const caller = new AbortController();
          answers.push(
            budget.take(priority, caller.signal).then((turn: Turn) => {
              waits.push(clock.now() - started);
              if (turn.ok) grants.push({ at: clock.now(), priority, asked: number });
            }, () => {}),
          );
          if (gives_up && i % 2 === 1) caller.abort();
        }
      }
      await clock.advance(70_000);
      await Promise.all(answers);
      for (const { at } of grants) {
        const inWindow = grants.filter((other) => other.at >= at && other.at < at + 60_000).length;
        assert.ok(inWindow <= limitPerMinute, `${inWindow} calls within 60 s of ${at}`);
      }
      assert.ok(waits.every((wait) => wait <= 5_001));
      for (const priority of ["cancel", "order", "account", "market"]) {
        const order = grants.filter((grant) => grant.priority === priority).map((grant) => grant.asked);
        assert.deepEqual(order, order.toSorted((a, b) => a - b));
      }
      assert.equal(clock.sleeping, 0);
    }),
    { numRuns: 60 },
  );
});

async function reserve(budget: CallBudget, priority: Priority): Promise<Reservation> {
  const turn = await budget.take(priority);
  return turn.ok ? turn.reservation : assert.fail("there is no turn");
}

Deno.test("CallBudget counts a reserved call once, from when it is made", async () => {
  const { budget, clock } = setup({ limitPerMinute: 2 });
  const reservation = await reserve(budget, "order");
  await clock.advance(4_000);
  reservation.use();
  reservation.use();
  reservation.release();
  assert.equal(budget.remaining, 1);
  await clock.advance(59_999);
  assert.equal(budget.remaining, 1);
  await clock.advance(1);
  assert.equal(budget.remaining, 2);
});

Deno.test("CallBudget gives the slot of a reserved call that is not made to the next in the queue", async () => {
  const { budget, clock } = setup({ limitPerMinute: 1 });
  const reservation = await reserve(budget, "cancel");
  await clock.advance(58_000);
  const waiting = budget.take("cancel");
  reservation.release();
  assert.equal((await waiting).ok, true);
  reservation.release();
  assert.equal(budget.remaining, 0);
  assert.equal(clock.sleeping, 0);
});
