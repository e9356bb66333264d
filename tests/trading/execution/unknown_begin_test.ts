/** Orders for which the record does not say whether it has written them: none is sent, and none remains as sent. */

import assert from "node:assert/strict";
import type { ExecutorOptions } from "../../../src/trading/execution/executor_parts.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import { ExecutorWorld, expectStatus, LOOK, POST, withJournal } from "../executor_world.ts";

/**
 * The record's answer to the first order is lost, whether `isWritten` or not; nothing can be withdrawn while it
 * `isStuck`.
 */
function losing(
  fault: { readonly isWritten: boolean; isStuck: boolean },
): (options: ExecutorOptions) => ExecutorOptions {
  let isLost = true;
  return (options) => {
    const { journal } = options.record;
    const begin: typeof journal.begin = async (...args) => {
      if (!isLost) return await journal.begin(...args);
      isLost = false;
      if (fault.isWritten) await journal.begin(...args);
      throw new StoreError("outcome_unknown");
    };
    const withdraw: typeof journal.withdraw = async (...args) => {
      if (fault.isStuck) throw new StoreError("unusable");
      return await journal.withdraw(...args);
    };
    return withJournal(options, { begin, withdraw });
  };
}

for (const isWritten of [true, false]) {
  Deno.test(
    `OrderExecutor.place() sends nothing when the record's answer is lost, and withdraws an order that was ${
      isWritten ? "" : "not "
    }written`,
    async () => {
      await using world = await ExecutorWorld.start({ wrap: losing({ isWritten, isStuck: false }) });
      const request = world.request();
      assert.equal(expectStatus(await world.executor.place(request), "refused").reason, "ERR_RECORD_FAILED");
      assert.equal(world.exchange.count(POST), 0);
      assert.equal(world.placement(request)?.state, isWritten ? "not_placed" : undefined);
      assert.deepEqual(world.store.journal.unsettled(), []);
      expectStatus(await world.executor.place(world.request()), "placed");
    },
  );
}

Deno.test("OrderExecutor.place() sends nothing more until an order is withdrawn for which the record's answer was lost", async () => {
  const fault = { isWritten: true, isStuck: true };
  await using world = await ExecutorWorld.start({ wrap: losing(fault) });
  expectStatus(await world.executor.place(world.request()), "refused");
  const refused = expectStatus(await world.executor.place(world.request()), "refused");
  assert.equal(refused.reason, "ERR_RECORD_FAILED");
  fault.isStuck = false;
  expectStatus(await world.executor.place(world.request()), "placed");
  assert.deepEqual([world.exchange.count(POST), world.store.journal.unsettled().length], [1, 0]);
});

Deno.test("OrderExecutor.recover() settles after a restart an order for which the record's answer was lost", async () => {
  await using world = await ExecutorWorld.start({ wrap: losing({ isWritten: true, isStuck: true }) });
  const request = world.request();
  expectStatus(await world.executor.place(request), "refused");
  assert.equal(world.placement(request)?.state, "sent");
  await world.restart();
  await world.executor.recover();
  assert.equal(world.placement(request)?.state, "not_placed");
  assert.ok(world.exchange.count(LOOK) > 0);
  assert.equal(world.exchange.count(POST), 0);
});
