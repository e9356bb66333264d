import assert from "node:assert/strict";
import { Breaker } from "../../src/exchange/breaker.ts";
import { ExchangeError, type ExchangeErrorCode } from "../../src/exchange/errors.ts";
import { FakeClock } from "./fake_clock.ts";

function setup() {
  const clock = new FakeClock();
  return { clock, breaker: new Breaker({ failures: 3, pauseMs: 10_000, now: clock.now }) };
}

async function fail(breaker: Breaker, code: ExchangeErrorCode, times = 1): Promise<void> {
  const error = new ExchangeError("Cannot read", { code });
  for (let i = 0; i < times; i++) await assert.rejects(breaker.run(() => Promise.reject(error)), error);
}

Deno.test("Breaker opens after the configured number of failures in a row, and not before", async () => {
  const { breaker } = setup();
  await fail(breaker, "ERR_UNAVAILABLE", 2);
  await breaker.run(() => Promise.resolve());
  await fail(breaker, "ERR_NETWORK", 2);
  assert.deepEqual([breaker.state, breaker.openForMs], ["closed", 0]);
  await fail(breaker, "ERR_TIMEOUT");
  assert.deepEqual([breaker.state, breaker.openForMs], ["open", 10_000]);
});

Deno.test("Breaker stays closed after refusals, which show that the exchange works", async () => {
  const { breaker } = setup();
  for (const code of ["ERR_NOT_FOUND", "ERR_RATE_LIMITED", "ERR_ANSWER_INVALID", "ERR_CANCELLED"] as const) {
    await fail(breaker, code, 3);
  }
  assert.equal(breaker.state, "closed");
});

Deno.test("Breaker lets one probe through after its delay and closes when the probe succeeds", async () => {
  const { breaker, clock } = setup();
  await fail(breaker, "ERR_UNAVAILABLE", 3);
  await clock.advance(9_999);
  assert.equal(breaker.openForMs, 1);
  await clock.advance(1);
  assert.equal(breaker.openForMs, 0);
  const { promise, resolve } = Promise.withResolvers<void>();
  const probe = breaker.run(() => promise);
  assert.equal(breaker.state, "half-open");
  assert.ok(breaker.openForMs > 0, "others wait while the probe is under way");
  resolve();
  await probe;
  assert.equal(breaker.state, "closed");
});

Deno.test("Breaker opens again for its whole delay when the probe fails or has no answer", async () => {
  for (const code of ["ERR_UNAVAILABLE", "ERR_CANCELLED", "ERR_BUDGET_EXHAUSTED"] as const) {
    const { breaker, clock } = setup();
    await fail(breaker, "ERR_UNAVAILABLE", 3);
    await clock.advance(10_000);
    await fail(breaker, code);
    assert.deepEqual([breaker.state, breaker.openForMs], ["open", 10_000], code);
  }
});

Deno.test("Breaker considers only its probe, not the results of calls sent before it opened", async () => {
  for (const late of [undefined, "ERR_NETWORK"] as const) {
    const { breaker, clock } = setup();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const slow = breaker.run(() => promise);
    await fail(breaker, "ERR_UNAVAILABLE", 3);
    await clock.advance(10_000);
    const probe = Promise.withResolvers<void>();
    const probing = breaker.run(() => probe.promise);
    if (late === undefined) resolve();
    else reject(new ExchangeError("Cannot read", { code: late }));
    await slow.catch(() => {});
    assert.equal(breaker.state, "half-open", `${late}`);
    probe.resolve();
    await probing;
    assert.equal(breaker.state, "closed", `${late}`);
  }
});

Deno.test("Breaker starts a call synchronously, since an order that was decided on must not wait", () => {
  const { breaker } = setup();
  let hasStarted = false;
  void breaker.run(() => Promise.resolve(hasStarted = true));
  assert.ok(hasStarted);
});
