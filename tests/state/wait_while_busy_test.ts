import assert from "node:assert/strict";
import { StateError } from "../../src/state/state_error.ts";
import { waitWhileBusy } from "../../src/state/wait_while_busy.ts";

const busy = () => Promise.reject(new StateError("Cannot use it", { path: "keys.db", failure: "busy" }));

/** Attempts that each take 250 ms, of which the last succeeds. */
function attempts(clock: { ms: number }, failures: number): () => Promise<string> {
  let count = 0;
  return () => {
    clock.ms += 250;
    return count++ < failures ? busy() : Promise.resolve("done");
  };
}

function setup({ timeoutMs = 2_000 } = {}) {
  const clock = { ms: 0 };
  const notices: number[] = [];
  const options = { path: "keys.db", timeoutMs, monotonic: () => clock.ms, onWait: () => void notices.push(clock.ms) };
  return { clock, notices, options };
}

Deno.test("waitWhileBusy() returns at once when nothing is busy, and logs nothing", async () => {
  const { clock, notices, options } = setup();
  assert.equal(await waitWhileBusy(attempts(clock, 0), options), "done");
  assert.equal(await waitWhileBusy(attempts(clock, 2), options), "done");
  assert.deepEqual(notices, []);
});

Deno.test("waitWhileBusy() logs once that it waits, after a second", async () => {
  const { clock, notices, options } = setup();
  assert.equal(await waitWhileBusy(attempts(clock, 6), options), "done");
  assert.deepEqual(notices, [1_000]);
});

Deno.test("waitWhileBusy() ends with one sentence at its timeout, also for a timeout of zero", async () => {
  for (const timeoutMs of [0, 2_000]) {
    const { clock, options } = setup({ timeoutMs });
    await assert.rejects(waitWhileBusy(attempts(clock, Infinity), options), {
      code: "ERR_STATE_BUSY",
      message: `Cannot use keys.db as another process has kept it locked for ${timeoutMs / 1_000} s: ` +
        "end that process, or raise --state-timeout",
    });
    assert.equal(clock.ms, Math.max(250, timeoutMs));
  }
});

Deno.test("waitWhileBusy() names the alternative when there is no setting for it", async () => {
  const { clock, options } = setup({ timeoutMs: 0 });
  await assert.rejects(
    waitWhileBusy(attempts(clock, Infinity), { ...options, remedy: "try again" }),
    /for 0 s: end that process, or try again$/,
  );
});

Deno.test("waitWhileBusy() ends when it is aborted", async () => {
  const { clock, options } = setup();
  const signal = AbortSignal.abort();
  await assert.rejects(waitWhileBusy(attempts(clock, 3), { ...options, signal }), /the program is ending/);
  assert.equal(clock.ms, 250);
});

Deno.test("waitWhileBusy() does not retry what failed for another reason", async () => {
  const { options } = setup();
  let count = 0;
  const full = new StateError("Cannot use it", { path: "keys.db", failure: "full" });
  await assert.rejects(waitWhileBusy(() => (count++, Promise.reject(full)), options), full);
  assert.equal(count, 1);
});
