/** What every engine of shared state promises, each promise as a function that fails where it is broken. */

import assert from "node:assert/strict";
import { MAX_KEPT_EVENTS } from "../../src/session/event_log.ts";
import type { EventLog } from "../../src/session/event_log.ts";
import type { RateLimit } from "../../src/session/rate_limit.ts";
import type { SharedInstallation } from "./shared_engines.ts";

/** Takes until a request is refused; answers how many were not, and when the next one may come. */
async function takeAll(limit: RateLimit, key: string): Promise<{ taken: number; retryAfterMs: number }> {
  for (let taken = 0;; taken++) {
    const admission = await limit.take(key);
    if (!admission.ok) return { taken, retryAfterMs: admission.retryAfterMs };
  }
}

/** By what is promised. */
export const SHARED_PROMISES: Readonly<Record<string, (installation: SharedInstallation) => Promise<void>>> = {
  "RateLimit.take() admits as many at once as a key may make in a minute, then says when the next may come": async (
    installation,
  ) => {
    const limit = (await installation.open()).limit(() => 2);
    const { taken, retryAfterMs } = await takeAll(limit, "ann");
    assert.equal(taken, 2);
    assert.ok(retryAfterMs > 0 && retryAfterMs <= 30_000, `retryAfterMs is ${retryAfterMs}`);
  },

  "RateLimit.take() admits at the time that it named": async (installation) => {
    const limit = (await installation.open()).limit(() => 600);
    await installation.pass((await takeAll(limit, "ann")).retryAfterMs);
    assert.deepEqual(await limit.take("ann"), { ok: true });
  },

  "RateLimit.take() counts each key for itself, by its own limit": async (installation) => {
    const limit = (await installation.open()).limit((key) => key === "ann" ? 1 : 3);
    assert.equal((await takeAll(limit, "ann")).taken, 1);
    assert.equal((await takeAll(limit, "bob")).taken, 3);
  },

  "RateLimit.take() goes by a limit that was lowered": async (installation) => {
    const current = { perMinute: 100 };
    const limit = (await installation.open()).limit(() => current.perMinute);
    assert.deepEqual(await limit.take("ann"), { ok: true });
    current.perMinute = 2;
    assert.ok((await takeAll(limit, "ann")).taken <= 2);
  },

  "RateLimit.use() and keysAbove() name who has used much": async (installation) => {
    const limit = (await installation.open()).limit(() => 10);
    await takeAll(limit, "ann");
    await limit.take("bob");
    assert.ok(limit.use("ann") > 0.9 && limit.use("bob") < 0.5 && limit.use("cyd") === 0);
    assert.deepEqual(limit.keysAbove(0.5), ["ann"]);
  },

  "EventLog.read() answers what was appended to a stream, in order, and whether it has ended": async (installation) => {
    const log = (await installation.open()).sessions.eventsOf("session");
    await Promise.all([log.begin("1", "call 1"), log.begin("2"), ...appendAll(log, "1", ["a", "b"]), log.end("1")]);
    const events = [{ number: 1, text: "a" }, { number: 2, text: "b" }];
    assert.deepEqual(await log.read("1"), { events, request: "call 1", hasEnded: true });
    assert.deepEqual(await log.read("2"), { events: [], hasEnded: false });
    assert.equal(await log.read("3"), undefined);
  },

  "EventLog.begin() leaves a stream as it is that has begun": async (installation) => {
    const log = (await installation.open()).sessions.eventsOf("session");
    await Promise.all([log.begin("1", 7), ...appendAll(log, "1", ["a"]), log.begin("1", 8)]);
    assert.deepEqual(await log.read("1"), { events: [{ number: 1, text: "a" }], request: 7, hasEnded: false });
  },

  "EventLog.append() drops the oldest events of a stream that holds too much, never its latest": async (
    installation,
  ) => {
    const log = (await installation.open()).sessions.eventsOf("session");
    const half = "x".repeat(MAX_KEPT_EVENTS / 2);
    await Promise.all([log.begin("1"), ...appendAll(log, "1", [half, half, half])]);
    assert.deepEqual((await log.read("1"))?.events.map(({ number }) => number), [2, 3]);
    await log.append("1", { number: 4, text: "y".repeat(MAX_KEPT_EVENTS + 1) });
    assert.deepEqual((await log.read("1"))?.events.map(({ number }) => number), [4]);
  },

  "EventLog.remove() forgets a stream alone, and nothing can be appended to it": async (installation) => {
    const log = (await installation.open()).sessions.eventsOf("session");
    await Promise.all([log.begin("1"), log.begin("2"), ...appendAll(log, "1", ["a"]), log.remove("1")]);
    await Promise.all(appendAll(log, "1", ["b"]));
    assert.equal(await log.read("1"), undefined);
    assert.deepEqual(await log.read("2"), { events: [], hasEnded: false });
  },

  "EventLog keeps sessions apart": async (installation) => {
    const { sessions } = await installation.open();
    const [one, other] = [sessions.eventsOf("one"), sessions.eventsOf("other")];
    await Promise.all([one.begin("1"), other.begin("1"), ...appendAll(one, "1", ["a"])]);
    assert.deepEqual(await other.read("1"), { events: [], hasEnded: false });
  },
};

/** Appends texts as the events 1, 2, 3, … of a stream, without waiting in between. */
function appendAll(log: EventLog, stream: string, texts: readonly string[]): unknown[] {
  return texts.map((text, index) => log.append(stream, { number: index + 1, text }));
}
