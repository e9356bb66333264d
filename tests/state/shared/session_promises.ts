/** What every engine of sessions that outlive their server promises. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { publicSessionId } from "../../../src/session/session_store.ts";
import type { KeptSession } from "../../../src/session/session_store.ts";
import { IDLE_MS } from "../shared_engines.ts";
import type { SharedPromises } from "../shared_engines.ts";

const SESSION: KeptSession = {
  id: "1b4e28ba-2fa1-41d2-883f-0016d3cca427",
  identity: "ann",
  opening: '{"protocolVersion":"2025-11-25"}',
  subscriptions: [],
};

const EVENT = { number: 1, text: "event: message\n\n" };

/** An engine that found no room may try again only after a while. */
const PAUSE_MS = 1_100;

/** By what is promised. */
export const SESSION_PROMISES: SharedPromises = {
  "SessionStore.take() returns a session as it was last saved, and how often it was taken": async (installation) => {
    const { sessions } = await installation.open();
    await sessions.save(SESSION);
    await sessions.save({ ...SESSION, subscriptions: ["luno://pairs"] });
    const kept = { ...SESSION, subscriptions: ["luno://pairs"] };
    assert.deepEqual(await sessions.take(SESSION.id, "ann"), { ...kept, times: 1 });
    assert.deepEqual(await sessions.take(SESSION.id, "ann"), { ...kept, times: 2 });
  },

  "SessionStore.take() finds no session of another identity, and none that was never saved": async (installation) => {
    const { sessions } = await installation.open();
    await sessions.save(SESSION);
    assert.equal(await sessions.take(SESSION.id, "bob"), undefined);
    assert.equal(await sessions.take("another", "ann"), undefined);
    assert.equal((await sessions.take(SESSION.id, "ann"))?.times, 1);
  },

  "SessionStore keeps sessions and events for the next server, also when the previous one was killed": async (
    installation,
  ) => {
    for (const end of ["close", "kill"] as const) {
      const server = await installation.start();
      await server.save({ ...SESSION, id: end });
      await server.append(end, EVENT);
      await server[end]();
      const { sessions } = await installation.open();
      assert.deepEqual(await sessions.take(end, "ann"), { ...SESSION, id: end, times: 1 });
      const { events, request, hasEnded } = await sessions.eventsOf(end).read("1") ?? assert.fail();
      assert.deepEqual([events, request, hasEnded], [[EVENT], 7, false]);
      await installation.closeAll();
    }
  },

  "SessionStore.remove() deletes a session and its streams, and no other": async (installation) => {
    const { sessions } = await installation.open();
    for (const id of ["one", "two"]) {
      await sessions.save({ ...SESSION, id });
      await sessions.eventsOf(id).begin("1", 7);
    }
    await sessions.remove("one");
    assert.equal(await sessions.take("one", "ann"), undefined);
    assert.equal(await sessions.eventsOf("one").read("1"), undefined);
    assert.equal((await sessions.take("two", "ann"))?.id, "two");
    assert.deepEqual(await sessions.eventsOf("two").read("1"), { events: [], request: 7, hasEnded: false });
  },

  "SessionEnds.end() voids one session, or all of an identity": async (installation) => {
    const { sessions, ends } = await installation.open();
    for (const id of ["one", "two", "three"]) await sessions.save({ ...SESSION, id });
    await sessions.save({ ...SESSION, id: "four", identity: "bob" });
    await ends.end({ id: publicSessionId(createHash("sha256").update("one").digest("hex")) });
    assert.equal(await sessions.take("one", "ann"), undefined);
    assert.equal((await sessions.take("two", "ann"))?.id, "two");
    await ends.end({ identity: "ann" });
    assert.equal(await sessions.take("two", "ann"), undefined);
    assert.equal(await sessions.take("three", "ann"), undefined);
    assert.equal((await sessions.take("four", "bob"))?.id, "four");
  },

  "SessionStore.take() finds no session that was not used for long; touch() counts as use": async (
    installation,
  ) => {
    const { sessions } = await installation.open();
    await sessions.save({ ...SESSION, id: "idle" });
    await sessions.save({ ...SESSION, id: "used" });
    await installation.pass(IDLE_MS * 0.8);
    await sessions.touch("used");
    await installation.pass(IDLE_MS * 0.4);
    assert.equal(await sessions.take("idle", "ann"), undefined);
    assert.equal((await sessions.take("used", "ann"))?.id, "used");
  },

  "SessionStore continues without what there is no room for": async (installation) => {
    const { sessions } = await installation.open({ isFull: true });
    const log = sessions.eventsOf(SESSION.id);
    await sessions.save(SESSION);
    const names = Array.from({ length: 10 }, (_, index) => String(index));
    for (const name of names) {
      await log.begin(name);
      await log.append(name, { number: 1, text: "x".repeat(500_000) });
    }
    await installation.pass(PAUSE_MS);
    const kept = [];
    for (const name of names) kept.push((await log.read(name))?.events.length ?? 0);
    assert.deepEqual([kept[0], kept[9]], [1, 0]);
    for (const name of ["0", "1", "2"]) await log.remove(name);
    await log.begin("9");
    await log.append("9", { number: 2, text: "x".repeat(500_000) });
    assert.equal((await log.read("9"))?.events.length, 1);
    assert.equal((await sessions.take(SESSION.id, "ann"))?.id, SESSION.id);
  },
};
