/** What is checked last before an order is sent, so that nothing is sent that was forbidden meanwhile. */

import assert from "node:assert/strict";
import { CallBudget } from "../../../src/exchange/budget.ts";
import type { Reservation } from "../../../src/exchange/call_supply.ts";
import type { ExecutorOptions } from "../../../src/trading/execution/executor_parts.ts";
import type { Terms } from "../../../src/trading/execution/sending_terms.ts";
import { refuse } from "../../../src/trading/execution/placement_result.ts";
import type { RefusedResult } from "../../../src/trading/execution/placement_result.ts";
import { sealPolicy } from "../../../src/trading/policy/policy.ts";
import { rightsBy } from "../sending_rights.ts";
import { ExecutorWorld, expectStatus, FREE_TERMS, LOOK, POST, withJournal } from "../executor_world.ts";

const REVOKED = refuse("ERR_SCOPE_MISSING", "The key was revoked");

/** Calls back while an order is queued for the call budget. */
function whileWaiting(meanwhile: () => void): (options: ExecutorOptions) => ExecutorOptions {
  return (options) => {
    const { exchange } = options;
    const reserve: typeof exchange.reserve = async (...call) => {
      const reservation = await exchange.reserve(...call);
      meanwhile();
      return reservation;
    };
    const call: typeof exchange.call = (...args) => exchange.call(...args);
    return { ...options, exchange: { status: () => exchange.status(), call, reserve } };
  };
}

/** Calls back right after an order was recorded as sent. */
function onceWritten(afterwards: () => void): (options: ExecutorOptions) => ExecutorOptions {
  return (options) => {
    const begin: typeof options.record.journal.begin = async (...args) => {
      const begun = await options.record.journal.begin(...args);
      afterwards();
      return begun;
    };
    return withJournal(options, { begin });
  };
}

const ENDED: Readonly<Record<string, { readonly end: (parts: Rights) => void; readonly reason: string }>> = {
  "whose caller gave up": { end: ({ caller }) => caller.abort(), reason: "ERR_CANCELLED" },
  "whose caller's right ended": { end: (rights) => rights.terms = REVOKED, reason: "ERR_SCOPE_MISSING" },
};

interface Rights {
  readonly caller: AbortController;
  terms: Terms | RefusedResult;
}

function newRights(): Rights {
  return { caller: new AbortController(), terms: FREE_TERMS };
}

for (const [what, { end, reason }] of Object.entries(ENDED)) {
  Deno.test(`OrderExecutor.place() sends no order ${what} while it was queued, and leaves no trace`, async () => {
    const rights = newRights();
    await using world = await ExecutorWorld.start({ wrap: whileWaiting(() => end(rights)) });
    const request = world.request(undefined, rightsBy(() => rights.terms));
    const result = expectStatus(await world.executor.place(request, { signal: rights.caller.signal }), "refused");
    assert.equal(result.reason, reason);
    assert.deepEqual([world.placement(request), world.exchange.count(POST)], [undefined, 0]);
  });

  Deno.test(`OrderExecutor.place() sends no order ${what} while it was being recorded, and returns not placed`, async () => {
    const rights = newRights();
    await using world = await ExecutorWorld.start({ wrap: onceWritten(() => end(rights)) });
    const request = world.request(undefined, rightsBy(() => rights.terms));
    const result = expectStatus(await world.executor.place(request, { signal: rights.caller.signal }), "not_placed");
    assert.equal(result.reason, reason);
    const { state, sentAt } = world.placement(request) ?? {};
    assert.deepEqual([state, sentAt, world.exchange.count(POST)], ["not_placed", null, 0]);
  });
}

Deno.test("OrderExecutor.place() sends no order whose policy changed while it was being recorded", async () => {
  let terms = FREE_TERMS;
  const other = { policy: sealPolicy({ mode: "auto", maxOpenOrders: 9 }), notional: null };
  await using world = await ExecutorWorld.start({ wrap: onceWritten(() => terms = other) });
  const result = expectStatus(
    await world.executor.place(world.request(undefined, rightsBy(() => terms))),
    "not_placed",
  );
  assert.equal(result.reason, "ERR_PREVIEW_STALE");
  assert.equal(world.exchange.count(POST), 0);
});

Deno.test("OrderExecutor.place() sends no order whose deadline at the exchange has passed once it is recorded", async () => {
  await using world = await ExecutorWorld.start({ wrap: onceWritten(() => world.exchange.clock.now += 5_000) });
  assert.equal(expectStatus(await world.executor.place(world.request()), "not_placed").reason, "ERR_TOO_LATE");
  assert.equal(world.exchange.count(POST), 0);
});

Deno.test("OrderExecutor.place() sends no order that was halted while it was queued", async () => {
  await using world = await ExecutorWorld.start({
    wrap: whileWaiting(() => world.store.halts.pull({ by: "test", reason: "enough", now: world.now })),
  });
  assert.equal(expectStatus(await world.executor.place(world.request()), "refused").reason, "ERR_TRADING_HALTED");
  assert.equal(world.exchange.count(POST), 0);
});

Deno.test("OrderExecutor.recover() does not look up its own recorded orders that are yet to be sent", async () => {
  let recover = () => Promise.resolve();
  await using world = await ExecutorWorld.start({
    wrap: (options) => {
      const begin: typeof options.record.journal.begin = async (...args) => {
        const begun = await options.record.journal.begin(...args);
        await recover();
        return begun;
      };
      return withJournal(options, { begin });
    },
  });
  recover = () => world.executor.recover();
  expectStatus(await world.executor.place(world.request()), "placed");
  assert.deepEqual([world.exchange.count(POST), world.exchange.count(LOOK)], [1, 0]);
});

Deno.test("OrderExecutor.place() reserves its call before the order is recorded, and releases a call that it does not use", async () => {
  const settled: string[] = [];
  const track = (options: ExecutorOptions): ExecutorOptions => {
    const { exchange } = options;
    const reserve: typeof exchange.reserve = async (...call): Promise<Reservation> => {
      const reservation = await exchange.reserve(...call);
      settled.push("reserved");
      const use = () => {
        settled.push("used");
        reservation.use();
      };
      const release = () => {
        settled.push("released");
        reservation.release();
      };
      return { use, release };
    };
    const call: typeof exchange.call = (...args) => exchange.call(...args);
    const begin: typeof options.record.journal.begin = (...args) => {
      settled.push("written");
      return options.record.journal.begin(...args);
    };
    return { ...withJournal(options, { begin }), exchange: { status: () => exchange.status(), call, reserve } };
  };
  await using world = await ExecutorWorld.start({ wrap: track });
  expectStatus(await world.executor.place(world.request()), "placed");
  assert.deepEqual(settled.splice(0), ["reserved", "written", "used"]);
  const policy = sealPolicy({ mode: "auto", maxOrdersPerMinute: 0 });
  await world.executor.place(world.request(undefined, rightsBy(() => ({ policy, notional: null }))));
  assert.deepEqual(settled, ["reserved", "written", "released"]);
});

Deno.test("OrderExecutor.place() records nothing while the call budget is used up", async () => {
  const budget = new CallBudget({ limitPerMinute: 1, maxWaitMs: 0 });
  await budget.take("cancel");
  let runs = 0;
  await using world = await ExecutorWorld.start({
    wrap: (options) => ++runs === 1 ? options : { ...options, exchange: world.exchange.connect({ budget }) },
  });
  await world.restart();
  await world.executor.recover();
  const request = world.request();
  assert.equal(expectStatus(await world.executor.place(request), "refused").reason, "ERR_BUDGET_EXHAUSTED");
  assert.equal(world.placement(request), undefined);
});

/** Terms under a version of the published policy; the next check finds the second version. */
function publishedTerms(published: { version: number }): Terms {
  return { ...FREE_TERMS, policy: { ...FREE_TERMS.policy, version: published.version } };
}

for (
  const [what, isFound, second] of [
    ["holds an order against the policy that took the place of the one it knew, and sends it", true, FREE_TERMS],
    ["sends no order that the policy forbids by which its own was replaced", true, REVOKED],
    ["sends no order under a policy that was replaced while nobody can read the new one", false, FREE_TERMS],
  ] as const
) {
  Deno.test(`OrderExecutor.place() ${what}`, async () => {
    const known = { version: 1 };
    const policyChanged = () => {
      if (isFound) known.version = 2;
      return Promise.resolve(isFound);
    };
    await using world = await ExecutorWorld.start({ wrap: (options) => ({ ...options, policyChanged }) });
    for (const text of ["{}", "[]"]) {
      world.store.published.publish({ kind: "policy", text, by: "test", now: world.now });
    }
    const termsOf = () => known.version === 2 && "status" in second ? second : publishedTerms(known);
    const request = world.request(undefined, { termsOf });
    const result = await world.executor.place(request);
    if (isFound && second === FREE_TERMS) {
      expectStatus(result, "placed");
      assert.equal(world.orders(request).length, 1);
      return;
    }
    assert.equal(expectStatus(result, "refused").reason, isFound ? "ERR_SCOPE_MISSING" : "ERR_PREVIEW_STALE");
    assert.deepEqual(world.exchange.seen.filter(({ path }) => path === POST), []);
  });
}
