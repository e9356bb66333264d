import assert from "node:assert/strict";
import type { CallerFacts } from "../../src/access/caller.ts";
import type { Hints } from "../../src/protocol/resource_watch.ts";
import { ResourceWatch } from "../../src/protocol/resource_watch.ts";

const TICKER = "luno://market/XBTZAR/ticker";
const BALANCES = "luno://balances";

const callerOf = (identity: string): CallerFacts => ({ identity, allows: () => true });
const ANN = callerOf("key:ann");
const BOB = callerOf("key:bob");

/** Texts that a test changes, and timers that it runs. */
function setup({ hints = false, isFree = false } = {}) {
  const texts = new Map<string, string>([[TICKER, "1"], [`key:ann ${BALANCES}`, "1"], [`key:bob ${BALANCES}`, "1"]]);
  const timers = new Set<() => void>();
  const waits: number[] = [];
  const followed = new Set<Hints>();
  const rights = new Set(["key:ann", "key:bob"]);
  let isLive = true;
  let reads = 0;
  const watch = new ResourceWatch({
    read: (uri, { identity }) => {
      reads++;
      const text = rights.has(identity) ? texts.get(uri) ?? texts.get(`${identity} ${uri}`) : undefined;
      return text === undefined ? Promise.reject(new RangeError(uri)) : Promise.resolve(text);
    },
    mayRead: (_resource, { identity }) => rights.has(identity),
    now: () => 0,
    ...(hints
      ? {
        follow: (_resource, hints) => {
          followed.add(hints);
          return { end: () => void followed.delete(hints), isLive: () => isLive, isFree: () => isFree };
        },
      }
      : {}),
    after: (milliseconds, run) => {
      waits.push(milliseconds);
      const timer = () => {
        timers.delete(timer);
        run();
      };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  return {
    watch,
    texts,
    timers,
    waits,
    followed,
    rights,
    setLive: (live: boolean) => void (isLive = live),
    reads: () => reads,
    /** Runs the timers that there are, and whatever they set off. */
    async tick() {
      for (const timer of [...timers]) timer();
      await settled();
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

Deno.test("ResourceWatch reads once for all watchers and notifies each of a change", async () => {
  const { watch, texts, tick, reads } = setup();
  const heard: string[] = [];
  const first = (await watch.of(TICKER, ANN))?.(() => heard.push("ann"));
  const second = (await watch.of(TICKER, BOB))?.(() => heard.push("bob"));
  await tick();
  assert.deepEqual([heard, reads(), watch.size], [[], 2, 1]);
  texts.set(TICKER, "2");
  await tick();
  assert.deepEqual([heard, reads()], [["ann", "bob"], 3]);
  first?.();
  texts.set(TICKER, "3");
  await tick();
  assert.deepEqual(heard, ["ann", "bob", "bob"]);
  second?.();
  second?.();
  assert.equal(watch.size, 0);
});

Deno.test("ResourceWatch keeps the accounts of identities separate", async () => {
  const { watch, texts, tick } = setup();
  const heard: string[] = [];
  (await watch.of(BALANCES, ANN))?.(() => heard.push("ann"));
  (await watch.of(BALANCES, BOB))?.(() => heard.push("bob"));
  texts.set(`key:bob ${BALANCES}`, "2");
  await tick();
  assert.deepEqual([heard, watch.size], [["bob"], 2]);
});

Deno.test("ResourceWatch refuses resources that never change, do not exist, or cannot be read", async () => {
  const { watch } = setup();
  for (const uri of ["luno://config", "luno://nothing", "luno://market/NOPE/ticker", "luno://market/XBTZAR/depth"]) {
    assert.equal(await watch.of(uri, ANN), undefined, uri);
  }
});

Deno.test("ResourceWatch reads at once when it gets a hint, and once more for hints that arrived meanwhile", async () => {
  const { watch, texts, followed, reads, waits, timers } = setup({ hints: true });
  let heard = 0;
  const end = (await watch.of(TICKER, ANN))?.(() => heard++);
  assert.deepEqual(waits, [60_000]);
  texts.set(TICKER, "2");
  for (const hints of followed) {
    hints.look();
    hints.look();
    hints.look();
  }
  await settled();
  assert.deepEqual([heard, reads()], [1, 3]);
  end?.();
  assert.deepEqual([followed.size, timers.size], [0, 0]);
});

Deno.test("ResourceWatch continues after a failed read", async () => {
  const { watch, texts, tick } = setup();
  let heard = 0;
  (await watch.of(TICKER, ANN))?.(() => heard++);
  texts.delete(TICKER);
  await tick();
  texts.set(TICKER, "2");
  await tick();
  assert.equal(heard, 1);
});

Deno.test("ResourceWatch notifies of a known change without a read, and only watchers that may still read", async () => {
  const { watch, followed, rights, reads } = setup({ hints: true });
  const heard: string[] = [];
  const ends = [
    (await watch.of(TICKER, ANN))?.(() => heard.push("ann")),
    (await watch.of(TICKER, BOB))?.(() => heard.push("bob")),
  ];
  for (const { changed } of followed) changed();
  assert.deepEqual([heard, reads()], [["ann", "bob"], 1]);
  rights.delete("key:bob");
  for (const { changed } of followed) changed();
  assert.deepEqual([heard, reads()], [["ann", "bob", "ann"], 1]);
  for (const end of ends) end?.();
});

Deno.test("ResourceWatch continues for the others, and stops notifying the first watcher, when that one loses the right to read", async () => {
  const { watch, texts, rights, tick } = setup();
  const heard: string[] = [];
  const ends = [
    (await watch.of(TICKER, ANN))?.(() => heard.push("ann")),
    (await watch.of(TICKER, BOB))?.(() => heard.push("bob")),
  ];
  rights.delete("key:ann");
  texts.set(TICKER, "2");
  await tick();
  assert.deepEqual(heard, ["bob"]);
  rights.delete("key:bob");
  texts.set(TICKER, "3");
  await tick();
  assert.deepEqual(heard, ["bob"]);
  for (const end of ends) end?.();
});

Deno.test("ResourceWatch reads as often as without hints while none arrive", async () => {
  const { watch, followed, waits, setLive } = setup({ hints: true });
  setLive(false);
  const end = (await watch.of(TICKER, ANN))?.(() => {});
  assert.deepEqual(waits, [5_000]);
  setLive(true);
  for (const { look } of followed) look();
  await settled();
  assert.deepEqual(waits, [5_000, 60_000]);
  end?.();
});

Deno.test("ResourceWatch spreads reads that cost calls over time, ten at once, however many resources are watched", async () => {
  const { watch, texts, waits, reads, tick } = setup();
  for (let order = 0; order < 15; order++) texts.set(`key:ann luno://orders/${order}`, "1");
  for (let order = 0; order < 15; order++) (await watch.of(`luno://orders/${order}`, ANN))?.(() => {});
  assert.equal(reads(), 15);
  waits.length = 0;
  await tick();
  assert.equal(reads(), 25);
  assert.deepEqual(waits.filter((wait) => wait !== 5_000), [1_000, 2_000, 3_000, 4_000]);
});

Deno.test("ResourceWatch takes one turn for any number of hints, and reads at once where that costs nothing", async () => {
  for (const isFree of [false, true]) {
    const { watch, texts, followed, waits, reads } = setup({ hints: true, isFree });
    for (let order = 0; order < 12; order++) texts.set(`key:ann luno://orders/${order}`, "1");
    for (let order = 0; order < 12; order++) (await watch.of(`luno://orders/${order}`, ANN))?.(() => {});
    waits.length = 0;
    for (const { look } of [...followed, ...followed, ...followed]) look();
    await settled();
    const turns = waits.filter((wait) => wait !== 60_000).map((wait) => wait / 1_000);
    assert.deepEqual(turns, isFree ? [] : [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert.equal(reads(), isFree ? 12 + 24 : 12 + 10);
  }
});

Deno.test("ResourceWatch reads nothing for a further subscription to a watched resource, and refuses it without the right", async () => {
  const { watch, rights, reads } = setup();
  (await watch.of(BALANCES, ANN))?.(() => {});
  assert.ok(await watch.of(BALANCES, ANN));
  assert.equal(reads(), 1);
  rights.delete("key:ann");
  assert.equal(await watch.of(BALANCES, ANN), undefined);
});
