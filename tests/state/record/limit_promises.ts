/** What every engine of the record promises of the limits that count. */

import Big from "big.js";
import assert from "node:assert/strict";
import type { Policy } from "../../../src/trading/policy/policy.ts";
import { entry, FREE, NOW, outcomeOf } from "../../trading/stores.ts";
import { place, refuseAtExchange } from "./acts.ts";
import type { Promises } from "./acts.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

function policy(rules: Partial<Policy>): Policy {
  return { ...FREE, ...rules };
}

/** By what is promised. */
export const LIMIT_PROMISES: Promises = {
  "Journal.begin() reserves what is traded in a day, so that two callers cannot exceed it together": async (
    installation,
  ) => {
    const record = await installation.open();
    const limited = policy({ maxPerDay: { amount: "2000", currency: "ZAR" } });
    const other = await installation.open();
    assert.equal(outcomeOf(await record.journal.begin(entry("a"), limited, NOW)), "begun");
    assert.equal(outcomeOf(await other.journal.begin(entry("b"), limited, NOW)), "begun");
    const cent = { currency: "ZAR", amount: "0.01" };
    const over = await record.journal.begin(entry("c", { notional: cent }), limited, NOW);
    assert.ok(over.kind === "refused" && over.code === "ERR_LIMIT_PER_DAY");
    assert.match(over.message, /2000 ZAR in a UTC day, 2000 are used and this order takes 0\.01/);
    assert.equal(over.retryAfterMs, 14 * 3_600_000);

    await other.journal.settle("lm-b", { state: "not_placed", reason: "ERR_ORDER_REFUSED" }, NOW);
    assert.equal(outcomeOf(await record.journal.begin(entry("d"), limited, NOW)), "begun");
    await record.journal.settle("lm-d", { state: "unknown", reason: "ERR_TIMEOUT" }, NOW);
    assert.equal(
      outcomeOf(await record.journal.begin(entry("e", { notional: cent }), limited, NOW)),
      "ERR_LIMIT_PER_DAY",
    );
  },

  "Journal.begin() counts days, identities, paper and real money separately": async (installation) => {
    const record = await installation.open();
    const limited = policy({ maxPerDay: { amount: "1000", currency: "ZAR" }, maxOpenOrders: 1 });
    const midnight = Date.UTC(2026, 10, 23);
    assert.equal(outcomeOf(await record.journal.begin(entry("a"), limited, midnight - 1)), "begun");
    assert.equal(outcomeOf(await record.journal.begin(entry("b"), limited, midnight - 1)), "ERR_LIMIT_OPEN_ORDERS");
    assert.equal(
      outcomeOf(await record.journal.begin(entry("c", { account: "paper" }), limited, midnight - 1)),
      "begun",
    );
    assert.equal(
      outcomeOf(await record.journal.begin(entry("d", { identity: "key:bob" }), limited, midnight - 1)),
      "begun",
    );
    await place(record, "old", { at: midnight - 1, identity: "key:carl" });
    await record.journal.close("lm-old", { base: "0.001", counter: "1000" }, midnight - 1);
    const carl = { identity: "key:carl" };
    assert.equal(outcomeOf(await record.journal.begin(entry("e", carl), limited, midnight - 1)), "ERR_LIMIT_PER_DAY");
    assert.equal(outcomeOf(await record.journal.begin(entry("f", carl), limited, midnight)), "begun");
  },

  "Journal keeps the day's use equal to the value of its placements, through every outcome": async (installation) => {
    const record = await installation.open();
    const { journal } = record;
    const limited = policy({ maxPerDay: { amount: "1000000", currency: "ZAR" } });
    const outcomes = [
      { state: "placed", orderId: "BX" },
      { state: "not_placed", reason: "ERR_TIMEOUT" },
      { state: "unknown", reason: "ERR_TIMEOUT" },
    ] as const;
    let kept = new Big(0);
    for (const [i, steps] of [[], [0], [1], [2], [2, 0], [2, 1], [2, 1, 0], [1, 1], [0, 1]].entries()) {
      const amount = `${i + 1}.0${i}`;
      await journal.begin(entry(`${i}`, { notional: { currency: "ZAR", amount } }), limited, NOW);
      for (const step of steps) await journal.settle(`lm-${i}`, outcomes[step] ?? outcomes[0], NOW);
      if ((await journal.find(`lm-${i}`))?.state !== "not_placed") kept = kept.plus(amount);
    }
    const [used] = await journal.limitsUsed(NOW);
    assert.deepEqual([used?.identity, used?.today], ["key:alice", [{ currency: "ZAR", amount: kept.toFixed() }]]);
  },

  "Journal.begin() gives no additional room when the clock is set back": async (installation) => {
    const record = await installation.open();
    const limited = policy({ maxPerDay: { amount: "1000", currency: "ZAR" } });
    assert.equal(outcomeOf(await record.journal.begin(entry("a"), limited, NOW + DAY_MS)), "begun");
    assert.equal(outcomeOf(await record.journal.begin(entry("b"), limited, NOW)), "ERR_LIMIT_PER_DAY");
    assert.equal(
      outcomeOf(await record.journal.begin(entry("c"), policy({ maxOrdersPerMinute: 1 }), NOW)),
      "ERR_LIMIT_RATE",
    );
  },

  "Journal.begin() counts orders of the last minute and says when there is room": async (installation) => {
    const record = await installation.open();
    const limited = policy({ maxOrdersPerMinute: 2 });
    await record.journal.begin(entry("a"), limited, NOW);
    await record.journal.begin(entry("b"), limited, NOW + 10_000);
    const third = await record.journal.begin(entry("c"), limited, NOW + 20_000);
    assert.ok(third.kind === "refused" && third.code === "ERR_LIMIT_RATE");
    assert.equal(third.retryAfterMs, 40_000);
    assert.equal(outcomeOf(await record.journal.begin(entry("d"), limited, NOW + MINUTE_MS - 1)), "ERR_LIMIT_RATE");
    assert.equal(outcomeOf(await record.journal.begin(entry("e"), limited, NOW + MINUTE_MS)), "begun");
  },

  "Journal.begin() releases an open order's slot once the order is final or known not to exist": async (
    installation,
  ) => {
    const record = await installation.open();
    const limited = policy({ maxOpenOrders: 1 });
    await place(record, "a");
    assert.equal(outcomeOf(await record.journal.begin(entry("b"), limited, NOW)), "ERR_LIMIT_OPEN_ORDERS");
    await record.journal.close("lm-a", { base: "0", counter: "0" }, NOW);
    assert.equal(outcomeOf(await record.journal.begin(entry("c"), limited, NOW)), "begun");
    await record.journal.settle("lm-c", { state: "unknown", reason: "ERR_TIMEOUT" }, NOW);
    assert.equal(outcomeOf(await record.journal.begin(entry("d"), limited, NOW)), "ERR_LIMIT_OPEN_ORDERS");
    await record.journal.settle("lm-c", { state: "not_placed", reason: "ERR_TIMEOUT" }, NOW);
    assert.equal(outcomeOf(await record.journal.begin(entry("e"), limited, NOW)), "begun");
  },

  "Journal.begin() pauses after refusals by the exchange, not after its own": async (installation) => {
    const record = await installation.open();
    const limited = policy({ coolOff: { rejects: 2, withinSeconds: 10, pauseSeconds: 30 } });
    await record.journal.begin(entry("halted"), policy({ maxOpenOrders: 0 }), NOW);
    await refuseAtExchange(record, "a", NOW);
    assert.equal(outcomeOf(await record.journal.begin(entry("b"), limited, NOW)), "begun");
    await refuseAtExchange(record, "c", NOW + 10_000);
    const paused = await record.journal.begin(entry("d"), limited, NOW + 11_000);
    assert.ok(paused.kind === "refused" && paused.code === "ERR_COOLING_OFF");
    assert.equal(paused.retryAfterMs, 29_000);
    assert.equal(outcomeOf(await record.journal.begin(entry("e"), limited, NOW + 40_000)), "begun");
  },

  "Journal.begin() in two processes at once lets them reach a limit per day together, not exceed it": async (
    installation,
  ) => {
    const record = await installation.open();
    await using one = await installation.race("one-", 40);
    await using other = await installation.race("two-", 40);
    const racers = [one, other];
    assert.deepEqual(await Promise.all(racers.map((racer) => racer.next())), ["ready", "ready"]);
    await Promise.all(racers.map((racer) => racer.goOn()));
    const counts = await Promise.all(racers.map((racer) => racer.next()));
    assert.equal(counts.reduce((sum, count) => sum + Number(count), 0), 20);
    assert.equal((await record.journal.unsettled()).length, 20);
    assert.ok((await record.audit.verify()).ok);
  },

  "Journal.limitsUsed() reports what each identity has used, real and paper separately": async (installation) => {
    const record = await installation.open();
    const { journal } = record;
    await place(record, "a");
    await place(record, "b", { account: "paper", at: NOW - MINUTE_MS });
    await journal.begin(entry("c", { identity: "key:bob", notional: null }), FREE, NOW);
    await journal.settle("lm-c", { state: "not_placed", reason: "ERR_TIMEOUT" }, NOW);
    assert.deepEqual(await journal.limitsUsed(NOW), [
      {
        identity: "key:alice",
        account: "main",
        today: [{ currency: "ZAR", amount: "1000" }],
        openOrders: 1,
        ordersLastMinute: 1,
      },
      {
        identity: "key:alice",
        account: "paper",
        today: [{ currency: "ZAR", amount: "1000" }],
        openOrders: 1,
        ordersLastMinute: 0,
      },
      { identity: "key:bob", account: "main", today: [], openOrders: 0, ordersLastMinute: 1 },
    ]);
  },
};
