import assert from "node:assert/strict";
import { TakenLiquidity } from "../../../src/simulation/paper/taken_liquidity.ts";

const NOW = 1_800_000_000_000;
const FIVE_MINUTES_MS = 300_000;

Deno.test("TakenLiquidity keeps what was taken from a level until the level is gone", () => {
  const taken = new TakenLiquidity([], NOW);
  taken.take("SELL", { price: 100, volume: 30 });
  taken.take("SELL", { price: 100, volume: 20 });
  const left = (volume: number) => {
    const levels = [{ price: 100, volume }, { price: 101, volume: 5 }];
    taken.see("SELL", levels);
    return taken.remaining("SELL", levels)[0];
  };
  assert.deepEqual(left(80), { price: 100, volume: 30 });
  assert.deepEqual(left(50), { price: 101, volume: 5 });
  assert.deepEqual(left(10), { price: 101, volume: 5 });
  assert.deepEqual(left(25), { price: 100, volume: 15 }, "what came after the level shrank is new");
  taken.see("SELL", []);
  assert.deepEqual(left(25), { price: 100, volume: 25 });
});

Deno.test("TakenLiquidity remembers what lies beyond the last visible level, on each side", () => {
  const at200 = [{ price: 200, volume: 30 }];
  for (const [side, nearer, farther] of [["SELL", 100, 300], ["BUY", 300, 100]] as const) {
    const taken = new TakenLiquidity([], NOW);
    taken.take(side, { price: 200, volume: 30 });
    taken.see(side, [{ price: nearer, volume: 5 }]);
    assert.deepEqual(taken.remaining(side, at200), []);
    assert.deepEqual(taken.remaining(side === "BUY" ? "SELL" : "BUY", at200), at200);
    taken.see(side, [{ price: farther, volume: 5 }]);
    assert.deepEqual(taken.remaining(side, at200), at200);
  }
});

Deno.test("TakenLiquidity forgets after five minutes, and what was taken before the clock was set back", () => {
  const taken = new TakenLiquidity([], NOW);
  const level = { price: 100, volume: 30 };
  taken.take("SELL", level);
  const left = (nowMs: number) => new TakenLiquidity(taken.changes, nowMs).remaining("SELL", [level]);
  assert.deepEqual(left(NOW + FIVE_MINUTES_MS - 1), []);
  assert.deepEqual(left(NOW + FIVE_MINUTES_MS), [level]);
  assert.deepEqual(left(NOW - 1), [level]);
});

Deno.test("TakenLiquidity.changes lists the next state of each level once, and a removed level as nothing", () => {
  const taken = new TakenLiquidity([], NOW);
  const untilMs = NOW + FIVE_MINUTES_MS;
  for (const price of [100, 100, 101]) taken.take("SELL", { price, volume: 10 });
  assert.deepEqual(taken.changes, [
    { side: "SELL", price: 100, lots: 20, untilMs },
    { side: "SELL", price: 101, lots: 10, untilMs },
  ]);
  const later = new TakenLiquidity(taken.changes, NOW + 1);
  later.see("SELL", [{ price: 100, volume: 5 }, { price: 102, volume: 1 }]);
  assert.deepEqual(later.changes, [
    { side: "SELL", price: 100, lots: 5, untilMs },
    { side: "SELL", price: 101, lots: 0, untilMs },
  ]);
});
