/**
 * A request to cancel everything remains until nothing is open: through outages, refusals and the death of the process
 * that works on it.
 */

import assert from "node:assert/strict";
import { OpenOrderCancellation } from "../../../src/trading/execution/open_order_cancellation.ts";
import { ANYTHING, ExecutorWorld, expectStatus, LOOK, POST, STOP } from "../executor_world.ts";
import type { WireFault } from "../faulty_exchange.ts";
import { answeringLate } from "../late_record.ts";
import { enterInstance } from "../stores.ts";

const DOWN: WireFault = { kind: "rules", rules: [{ kind: "server_error", when: "before" }] };

function cancellationOf(world: ExecutorWorld): OpenOrderCancellation {
  return new OpenOrderCancellation({
    requests: answeringLate(world.store.cancelRequests),
    instance: world.instance.id,
    accounts: ["main"],
    cancelAll: () => world.executor.cancelAll({}, "kill switch"),
    now: () => world.now,
    monotonic: () => world.exchange.clock.now,
    random: () => 1,
  });
}

function halt(world: ExecutorWorld): void {
  world.store.halts.pull({ by: "test", reason: "", cancelOpen: ["main"], now: world.now });
}

/** Repeats until no request is left; returns the number of rounds. */
async function fulfil(world: ExecutorWorld, cancellation: OpenOrderCancellation): Promise<number> {
  const { cancelRequests } = world.store;
  for (let looks = 0; cancelRequests.open(["main"]).length > 0; looks++) {
    assert.ok(looks < 2_000, "the request is never completed");
    await cancellation.look();
    await world.exchange.advance(250);
  }
  return cancelRequests.all()[0]?.rounds ?? 0;
}

async function place(world: ExecutorWorld, count: number): Promise<void> {
  for (let i = 0; i < count; i++) expectStatus(await world.executor.place(world.request()), "placed");
}

function liveIn(world: ExecutorWorld): string[] {
  return world.exchange.ledger.filter(({ status }) => status !== "COMPLETE").map(({ id }) => id);
}

Deno.test("OpenOrderCancellation cancels open orders, and is done once none is left", async () => {
  await using world = await ExecutorWorld.start();
  await place(world, 3);
  halt(world);
  assert.equal(await fulfil(world, cancellationOf(world)), 2);
  assert.deepEqual(liveIn(world), []);
  const [request] = world.store.cancelRequests.all();
  assert.deepEqual([request?.remaining, request?.unlisted, request?.doneAt !== null], [[], null, true]);
  const row = world.store.audit.trail({}).at(-1);
  assert.deepEqual([row?.event, JSON.parse(row?.data ?? "").done], ["cancel_open", true]);
});

Deno.test("OpenOrderCancellation continues through an outage of minutes with growing pauses, and reports what remains", async () => {
  await using world = await ExecutorWorld.start();
  await place(world, 3);
  halt(world);
  const healthyAt = world.exchange.clock.now + 240_000;
  world.exchange.fault = () => world.exchange.clock.now < healthyAt ? DOWN : undefined;
  const cancellation = cancellationOf(world);
  await cancellation.look();
  const [request] = world.store.cancelRequests.all();
  assert.equal(request?.remaining.length, 3);
  assert.equal(request?.unlisted, "ERR_UNAVAILABLE");
  const rounds = await fulfil(world, cancellation);
  assert.deepEqual(liveIn(world), []);
  assert.ok(rounds < 20, `${rounds} rounds`);
});

Deno.test("OpenOrderCancellation retries what was refused", async () => {
  await using world = await ExecutorWorld.start();
  await place(world, 1);
  halt(world);
  world.fault(STOP, { kind: "rules", rules: [{ kind: "html", when: "before", status: 403 }] }, 1);
  await fulfil(world, cancellationOf(world));
  assert.deepEqual(liveIn(world), []);
});

Deno.test("OpenOrderCancellation is not done while an order sent before the halt may still arrive", async () => {
  await using world = await ExecutorWorld.start();
  const left = Promise.withResolvers<void>();
  world.exchange.fault = ({ path }) => {
    if (path !== POST) return undefined;
    halt(world);
    left.resolve();
    return { kind: "late", ms: 4_000 };
  };
  world.fault(LOOK, DOWN, 30);
  const placing = world.executor.place(world.request());
  await left.promise;
  await fulfil(world, cancellationOf(world));
  await placing;
  assert.equal(world.exchange.count(POST), 1);
  assert.deepEqual(liveIn(world), []);
  assert.equal(world.exchange.ledger.filter(({ clientOrderId }) => clientOrderId.startsWith("lm-")).length, 1);
});

Deno.test("OpenOrderCancellation leaves a request to the process that works on it, and takes over when that one dies", async () => {
  await using world = await ExecutorWorld.start();
  await place(world, 1);
  halt(world);
  const other = enterInstance(world.store, { folder: world.folder });
  const [request] = world.store.cancelRequests.all();
  assert.ok(
    world.store.cancelRequests.claim(request ?? assert.fail(), other.id, { now: world.now }),
  );
  const cancellation = cancellationOf(world);
  await cancellation.look();
  assert.equal(world.exchange.count(STOP), 0);
  other.end();
  await fulfil(world, cancellation);
  assert.deepEqual(liveIn(world), []);
});

Deno.test("OpenOrderCancellation continues when another live process cancels nothing, or is frozen", async () => {
  await using world = await ExecutorWorld.start();
  await place(world, 1);
  halt(world);
  const { cancelRequests } = world.store;
  const other = enterInstance(world.store, { folder: world.folder });
  const [request = assert.fail()] = cancelRequests.all();
  const claiming = () => ({ now: world.now });
  assert.ok(cancelRequests.claim(request, other.id, claiming()));
  const refused = { remaining: [], unlisted: "ERR_CREDENTIALS_REFUSED", isDone: false };
  cancelRequests.note(request, refused, world.now);
  await fulfil(world, cancellationOf(world));
  assert.deepEqual(liveIn(world), []);
  halt(world);
  const [again = assert.fail()] = cancelRequests.all();
  assert.ok(cancelRequests.claim(again, other.id, claiming()));
  await world.exchange.advance(299_000);
  assert.equal(cancelRequests.claim(again, world.instance.id, claiming()), false);
  await world.exchange.advance(1_000);
  assert.ok(cancelRequests.claim(again, world.instance.id, claiming()));
  other.end();
});

Deno.test("OpenOrderCancellation continues after a restart", async () => {
  await using world = await ExecutorWorld.start();
  await place(world, 2);
  halt(world);
  world.exchange.fault = () => DOWN;
  await cancellationOf(world).look();
  world.exchange.fault = () => undefined;
  await world.restart();
  await world.executor.recover();
  await fulfil(world, cancellationOf(world));
  assert.deepEqual(liveIn(world), []);
  assert.equal(ANYTHING.mode, "auto");
});

Deno.test("CancelRequests.note() does not end a request that was renewed during a round", async () => {
  await using world = await ExecutorWorld.start();
  halt(world);
  const [first] = world.store.cancelRequests.all();
  halt(world);
  world.store.cancelRequests.note(first ?? assert.fail(), { remaining: [], unlisted: null, isDone: true }, world.now);
  const [second] = world.store.cancelRequests.all();
  assert.deepEqual([second?.number, second?.rounds, second?.doneAt], [2, 0, null]);
});
