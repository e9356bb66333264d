import assert from "node:assert/strict";
import type { CallerFacts } from "../../src/access/caller.ts";
import type { ResourceWatchOptions } from "../../src/protocol/resource_watch.ts";
import { ResourceWatch } from "../../src/protocol/resource_watch.ts";
import { resourceHints } from "../../src/server/resource_hints.ts";
import { AccountWorld } from "../market/live/account_world.ts";

const OPEN = "luno://orders/open";
const BALANCES = "luno://balances";

const ANN: CallerFacts = { identity: "key:ann", allows: () => true };
const PAPER: CallerFacts = { identity: "key:paper", allows: () => true };

/** A watch whose timers never run, so that nobody hears of anything but hints; the texts stay as they are. */
function watchOf(world: AccountWorld, mayRead: ResourceWatchOptions["mayRead"] = () => true) {
  const { account, exchange: { context: { markets } } } = world;
  return new ResourceWatch({
    read: () => Promise.resolve(""),
    mayRead,
    follow: resourceHints({
      live: undefined,
      account,
      markets,
      isOnAccount: ({ identity }) => identity !== "key:paper",
    }),
    after: () => () => {},
  });
}

/** Watches resources in somebody's name, and lists the changes. */
async function listen(watch: ResourceWatch, caller: CallerFacts, uris: readonly string[]) {
  const heard: string[] = [];
  const ends = await Promise.all(uris.map(async (uri) => (await watch.of(uri, caller))?.(() => heard.push(uri))));
  return { heard, end: () => ends.forEach((end) => end?.()) };
}

Deno.test("watchers of orders and balances are notified at once of their own changes, and of no other order", async () => {
  await using world = await AccountWorld.start();
  const watch = watchOf(world);
  const { heard, end } = await listen(watch, ANN, [OPEN, BALANCES]);
  await world.live();
  const id = await world.place("0.001");
  const other = await world.place("0.001");
  await world.until(() => world.statusOf(other) === "PENDING");
  assert.ok(heard.includes(OPEN) && heard.includes(BALANCES), heard.join());
  const uri = `luno://orders/${id}`;
  const one = await listen(watch, ANN, [uri]);
  await world.client.call("stopOrder", { order_id: other });
  await world.until(() => world.statusOf(other) === "COMPLETE");
  assert.deepEqual(one.heard, []);
  await world.client.call("stopOrder", { order_id: id });
  await world.until(() => world.statusOf(id) === "COMPLETE");
  assert.deepEqual(one.heard, [uri]);
  assert.equal(world.account.status?.needed, 3);
  one.end();
  end();
  assert.equal(world.account.status?.needed, 0);
});

Deno.test("nobody is notified of an account without a right to it, or without trading on it", async () => {
  await using world = await AccountWorld.start();
  let mayRead = true;
  const watch = watchOf(world, (_resource, { identity }) => identity !== "key:bob" || mayRead);
  const bob: CallerFacts = { ...ANN, identity: "key:bob" };
  const ofAnn = await listen(watch, ANN, [OPEN]);
  const ofBob = await listen(watch, bob, [OPEN]);
  const ofPaper = await listen(watch, PAPER, [OPEN, BALANCES]);
  await world.live();
  await world.until(() => ofBob.heard.length > 0);
  mayRead = false;
  const { length } = ofBob.heard;
  const id = await world.place("0.001");
  await world.until(() => world.statusOf(id) === "PENDING");
  assert.equal(ofBob.heard.length, length);
  assert.ok(ofAnn.heard.length > length);
  assert.deepEqual(ofPaper.heard, []);
  for (const { end } of [ofAnn, ofBob, ofPaper]) end();
});

Deno.test("watched resources are read when the stream is lost, and when it is back", async () => {
  await using world = await AccountWorld.start();
  let reads = 0;
  const { account, exchange: { context: { markets }, simulation } } = world;
  const waits: number[] = [];
  const watch = new ResourceWatch({
    read: () => Promise.resolve(`${reads++}`),
    mayRead: () => true,
    follow: resourceHints({ live: undefined, account, markets, isOnAccount: () => true }),
    after: (ms) => {
      waits.push(ms);
      return () => {};
    },
  });
  const { end } = await listen(watch, ANN, [BALANCES]);
  assert.deepEqual(waits, [5_000]);
  await world.live();
  await world.advanceUntil(() => waits.at(-1) === 60_000, 0);
  simulation.faults.set([{ kind: "stream_close", path: "/api/1/userstream", times: 1, code: 1000 }]);
  await world.place("0.001");
  await world.until(() => !account.isLive);
  await world.advanceUntil(() => waits.at(-1) === 5_000, 0);
  await world.advanceUntil(() => waits.at(-1) === 60_000, 500);
  assert.ok(reads >= 4, `${reads}`);
  end();
});
