import assert from "node:assert/strict";
import { HeldClocks } from "../../src/timing/held_clocks.ts";

/** Waits until the clock of the system shows another time. */
function untilLater(read: () => number): void {
  const started = read();
  while (read() === started);
}

Deno.test("HeldClocks stand still while they are held, and continue afterwards", () => {
  const clocks = new HeldClocks();
  clocks.hold();
  const [wallMs, monotonicMs] = [clocks.now(), clocks.monotonic()];
  untilLater(Date.now);
  untilLater(() => performance.now());
  assert.deepEqual([clocks.now(), clocks.monotonic()], [wallMs, monotonicMs]);
  clocks.release();
  assert.ok(clocks.now() > wallMs);
  assert.ok(clocks.monotonic() > monotonicMs);
});

Deno.test("HeldClocks show the time of their first reading since they were held", () => {
  const clocks = new HeldClocks();
  for (const [read, system] of [[clocks.now, Date.now], [clocks.monotonic, () => performance.now()]] as const) {
    clocks.hold();
    untilLater(system);
    const before = system();
    const shown = read();
    assert.ok(shown >= before && shown <= system());
    untilLater(system);
    assert.equal(read(), shown);
    clocks.release();
  }
});

Deno.test("HeldClocks.during() holds the clocks while its function runs, also when nested, and releases them when it throws", () => {
  const clocks = new HeldClocks();
  const read = () => clocks.monotonic();
  const [first, inner, last] = clocks.during(() => {
    const first = read();
    untilLater(() => performance.now());
    const inner = clocks.during(read);
    return [first, inner, read()];
  });
  assert.deepEqual([inner, last], [first, first]);
  assert.throws(() =>
    clocks.during(() => {
      throw new TypeError("no");
    }), TypeError);
  const before = read();
  untilLater(() => performance.now());
  assert.ok(read() > before);
});
