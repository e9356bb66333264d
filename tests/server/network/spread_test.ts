import assert from "node:assert/strict";
import { spread } from "../../../src/server/network/spread.ts";

/** A clock that moves when somebody sleeps, and what happened at which of its times. */
function setup(count: number) {
  const members = new Set(Array.from({ length: count }, (_, number) => ({ number })));
  const ended: { number: number; atMs: number }[] = [];
  let nowMs = 1_000;
  const options = {
    now: () => nowMs,
    sleep: (ms: number) => {
      nowMs += ms;
      return Promise.resolve();
    },
  };
  return {
    members,
    ended,
    passedMs: () => nowMs - 1_000,
    run: (periodMs: number, stays = false) =>
      spread(members, (member) => {
        if (!stays) members.delete(member);
        ended.push({ number: member.number, atMs: nowMs - 1_000 });
      }, { periodMs, ...options }),
  };
}

Deno.test("spread() ends each member once, in the order of arrival, evenly over the period", async () => {
  for (const stays of [false, true]) {
    const { run, ended, passedMs } = setup(100);
    await run(10_000, stays);
    assert.deepEqual(ended.map(({ number }) => number), Array.from({ length: 100 }, (_, number) => number));
    for (const [index, { atMs }] of ended.entries()) {
      assert.ok(Math.abs(atMs - index * 100) <= 100, `${index}: ${atMs}`);
    }
    assert.equal(passedMs(), 10_000);
  }
});

Deno.test("spread() ends members that arrive meanwhile, and takes the whole period for few or none", async () => {
  const few = setup(1);
  few.members.clear();
  let steps = 0;
  const late = { number: 7 };
  await spread(few.members, (member) => few.ended.push({ number: member.number, atMs: 0 }), {
    periodMs: 1_000,
    now: () => steps * 100,
    sleep: () => {
      if (++steps === 5) few.members.add(late);
      return Promise.resolve();
    },
  });
  assert.deepEqual(few.ended.map(({ number }) => number), [7]);
  assert.equal(steps, 10);
});

Deno.test("spread() does nothing for a period of zero", async () => {
  const { run, ended, passedMs } = setup(3);
  await run(0);
  assert.deepEqual([ended, passedMs()], [[], 0]);
});
