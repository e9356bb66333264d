/** Executors that are opened, restarted and stopped while the record and the exchange answer late. */

import assert from "node:assert/strict";
import { OrderExecutors } from "../../src/server/executors.ts";
import type { OrderExecutorsParts } from "../../src/server/executors.ts";
import type { ExchangeAccount } from "../../src/server/exchange_account.ts";
import type { OpenPaper } from "../../src/server/open_paper.ts";
import type { Exchange, ReadingExchange } from "../../src/market/exchange_port.ts";
import type { Journal } from "../../src/trading/record/journal.ts";
import { StoreError } from "../../src/trading/record/store_error.ts";
import type { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { TestExchange } from "../support/exchange.ts";
import { TestWorld } from "../cli/world.ts";
import { answeringInTurn, answeringLate } from "../trading/late_record.ts";
import { entry, FREE, INSTANCE, NOW, withStore } from "../trading/stores.ts";

const PAPER = { host: "localhost", kind: "paper" } as const;

const LOCAL = { identity: "local", account: "paper" } as const;

/** Executors on a record that answers late, beside an exchange; what a test decides stands in `changes`. */
async function withExecutors(
  changes: (record: SqliteRecord) => Partial<OrderExecutorsParts & Pick<ExchangeAccount, "venue">>,
  body: (executors: OrderExecutors, record: SqliteRecord) => Promise<void>,
): Promise<void> {
  await using simulated = await TestExchange.start();
  await withStore(async (record) => {
    const { venue = { id: () => Promise.resolve(""), isOwn: false }, ...parts } = changes(record);
    const account = { id: "main", kind: "real" } as const;
    const main = {
      account,
      exchange: simulated.client,
      name: { host: "localhost", kind: "simulated" },
      venue,
    } as const;
    const executors = new OrderExecutors({
      record: answeringLate(record),
      pendingHalt: () => ({ halted: false }),
      instance: { id: INSTANCE.id, takeOver: () => Promise.resolve(0) },
      accounts: parts.paper === undefined ? [main] : [],
      paper: undefined,
      world: new TestWorld(),
      ...parts,
    });
    try {
      await body(executors, record);
    } finally {
      await executors.stop();
    }
  });
}

/** A paper exchange of which only the accounts' ids count: one for each question, then the last one again. */
function paperOf(exchange: Exchange, ids: readonly string[]): OpenPaper {
  let asked = 0;
  const epochOf = () => Promise.resolve(ids[Math.min(asked++, ids.length - 1)] ?? "");
  const view: ReadingExchange = Object.assign(exchange, {
    read: () => Promise.reject(new Error("nobody reads the market")),
  });
  return {
    name: PAPER,
    isForAll: true,
    opening: undefined,
    viewOf: () => view,
    epochOf,
    close: () => Promise.resolve(),
  };
}

/** A record that answers late, with some operations of its journal in another way. */
function recordWith(record: SqliteRecord, operations: Partial<Journal>): OrderExecutorsParts["record"] {
  const late = answeringLate(record);
  const journal = new Proxy(late.journal, {
    get: (target, name) => Reflect.get(operations, name) ?? Reflect.get(target, name),
  });
  return { journal, replacements: late.replacements, audit: late.audit };
}

Deno.test("OrderExecutors keeps the executor of a reset account when the recovery of the previous one fails", async () => {
  await using simulated = await TestExchange.start();
  const recovery = Promise.withResolvers<number>();
  let recoveries = 0;
  const takeOver = () => recoveries++ === 0 ? recovery.promise : Promise.resolve(0);
  const changes = {
    paper: paperOf(simulated.client, ["paper-1", "paper-2"]),
    instance: { id: INSTANCE.id, takeOver },
  };
  await withExecutors(() => changes, async (executors) => {
    const before = executors.venueOf(LOCAL);
    while (recoveries === 0) await turn(); // Its recovery has begun, and takes its time.
    const after = await executors.venueOf(LOCAL);
    recovery.reject(new StoreError("busy"));
    await assert.rejects(before, StoreError);
    assert.equal((await executors.venueOf(LOCAL)).executor, after.executor);
  });
});

Deno.test("OrderExecutors.stop() lets no earlier caller open an executor afterwards", async () => {
  const venue = Promise.withResolvers<string>();
  const changes = { venue: { id: () => venue.promise, isOwn: false } };
  await withExecutors(() => changes, async (executors) => {
    const asked = executors.venueOf({ identity: "local", account: "main" });
    await executors.stop();
    venue.resolve("");
    await assert.rejects(asked, { code: "ERR_STOPPED" });
  });
});

Deno.test("OrderExecutors.stop() waits for the record's work for an executor that was just opened", async () => {
  const answer = Promise.withResolvers<number>();
  let [isAsked, isStopped] = [false, false];
  const endOthers = () => {
    isAsked = true;
    return answer.promise;
  };
  const venue = { id: () => Promise.resolve("simulated-1"), isOwn: true };
  await withExecutors((record) => ({ venue, record: recordWith(record, { endOthers }) }), async (executors) => {
    while (!isAsked) await turn();
    const stopped = executors.stop().then(() => isStopped = true);
    for (let turns = 0; turns < 5; turns++) await turn();
    assert.equal(isStopped, false);
    answer.resolve(0);
    await stopped;
  });
});

Deno.test("OrderExecutors.cancelAll() finds a paper order that is settled while it reads", async () => {
  const changes = (record: SqliteRecord) => {
    record.journal.begin(entry("mine", { identity: "local", account: "paper", venue: "paper-1" }), FREE, NOW);
    // Another process learns what became of the order between two questions.
    const settle = () => record.journal.settle("lm-mine", { state: "placed", orderId: "BXPAPER1" }, NOW);
    const { open, unsettled } = answeringInTurn(record.journal, settle);
    return { paper: FULL_PAPER, record: recordWith(record, { open, unsettled }) };
  };
  await withExecutors(changes, async (executors) => {
    await assert.rejects(executors.cancelAll("paper"), /no account for local/);
  });
});

/** A paper exchange that has no room for anybody. */
const FULL_PAPER: OpenPaper = {
  name: PAPER,
  isForAll: true,
  opening: undefined,
  viewOf(identity) {
    throw new RangeError(`no account for ${identity}`);
  },
  epochOf: () => Promise.resolve(""),
  close: () => Promise.resolve(),
};

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
