/** What every engine of the events of streams promises. */

import assert from "node:assert/strict";
import { MAX_KEPT_EVENTS } from "../../../src/session/event_log.ts";
import type { EventLog } from "../../../src/session/event_log.ts";
import type { SharedPromises } from "../shared_engines.ts";

/** By what is promised. */
export const EVENT_PROMISES: SharedPromises = {
  "EventLog.read() returns what was appended to a stream, in order, and whether it has ended": async (installation) => {
    const log = (await installation.open()).sessions.eventsOf("session");
    await Promise.all([log.begin("1", "call 1"), log.begin("2"), ...appendAll(log, "1", ["a", "b"]), log.end("1")]);
    const events = [{ number: 1, text: "a" }, { number: 2, text: "b" }];
    assert.deepEqual(await log.read("1"), { events, request: "call 1", hasEnded: true });
    assert.deepEqual(await log.read("2"), { events: [], hasEnded: false });
    assert.equal(await log.read("3"), undefined);
  },

  "EventLog.begin() leaves a started stream unchanged": async (installation) => {
    const log = (await installation.open()).sessions.eventsOf("session");
    await Promise.all([log.begin("1", 7), ...appendAll(log, "1", ["a"]), log.begin("1", 8)]);
    assert.deepEqual(await log.read("1"), { events: [{ number: 1, text: "a" }], request: 7, hasEnded: false });
  },

  "EventLog.append() drops the oldest events of a stream that is too long, never its latest": async (
    installation,
  ) => {
    const log = (await installation.open()).sessions.eventsOf("session");
    const half = "x".repeat(MAX_KEPT_EVENTS / 2);
    await Promise.all([log.begin("1"), ...appendAll(log, "1", [half, half, half])]);
    assert.deepEqual((await log.read("1"))?.events.map(({ number }) => number), [2, 3]);
    await log.append("1", { number: 4, text: "y".repeat(MAX_KEPT_EVENTS + 1) });
    assert.deepEqual((await log.read("1"))?.events.map(({ number }) => number), [4]);
  },

  "EventLog.remove() deletes one stream, and nothing can be appended to it": async (installation) => {
    const log = (await installation.open()).sessions.eventsOf("session");
    await Promise.all([log.begin("1"), log.begin("2"), ...appendAll(log, "1", ["a"]), log.remove("1")]);
    await Promise.all(appendAll(log, "1", ["b"]));
    assert.equal(await log.read("1"), undefined);
    assert.deepEqual(await log.read("2"), { events: [], hasEnded: false });
  },

  "EventLog keeps sessions separate": async (installation) => {
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
