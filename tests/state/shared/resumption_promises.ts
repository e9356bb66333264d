/** What every engine of sessions that can be resumed promises. */

import assert from "node:assert/strict";
import { MAX_RESUMABLE_LENGTH, MAX_RESUMABLE_OF_ONE } from "../../../src/session/resumption_store.ts";
import type { ResumableSession } from "../../../src/session/resumption_store.ts";
import { IDLE_MS } from "../shared_engines.ts";
import type { SharedPromises, SharedServer } from "../shared_engines.ts";

const SESSION: ResumableSession = {
  id: "00112233aabbccdd",
  identity: "ann",
  subscriptions: [
    { kind: "resource", uri: "luno://orders/open" },
    { kind: "listen", id: 7, uris: ["luno://balances"] },
    { kind: "price", pair: "XBTZAR" },
  ],
};

/** What stands in the place of a token's digest. */
function digestOf(number: number): string {
  return number.toString(16).padStart(64, "0");
}

/** Two servers where the engine is shared, the same one twice elsewhere. */
async function openTwo(installation: Parameters<SharedPromises[string]>[0]): Promise<[SharedServer, SharedServer]> {
  const one = await installation.open();
  return [one, one.resumptions.watch === undefined ? one : await installation.open()];
}

/** By what is promised. */
export const RESUMPTION_PROMISES: SharedPromises = {
  "ResumptionStore.take() answers a session as it was last, for one of all who ask at once": async (installation) => {
    const [one, two] = await openTwo(installation);
    assert.equal(await one.resumptions.keep(digestOf(1), { ...SESSION, subscriptions: [] }), true);
    await one.resumptions.update(digestOf(1), SESSION.subscriptions);
    const asked = [one, two, one, two, one, two].map(({ resumptions }) => resumptions.take(digestOf(1), "ann"));
    const answers = await Promise.all(asked);
    assert.deepEqual(answers.filter((answer) => answer !== "unknown"), [SESSION]);
    assert.equal(await two.resumptions.take(digestOf(1), "ann"), "unknown");
  },

  "ResumptionStore.take() knows no session of another identity, which can still be resumed": async (installation) => {
    const [{ resumptions }, two] = await openTwo(installation);
    await resumptions.keep(digestOf(1), SESSION);
    assert.equal(await two.resumptions.take(digestOf(1), "bob"), "unknown");
    assert.equal(await two.resumptions.take(digestOf(2), "ann"), "unknown");
    assert.deepEqual(await two.resumptions.take(digestOf(1), "ann"), SESSION);
  },

  "ResumptionStore.update() brings back no session that was taken or removed": async (installation) => {
    const [one, two] = await openTwo(installation);
    await one.resumptions.keep(digestOf(1), SESSION);
    await one.resumptions.keep(digestOf(2), SESSION);
    await two.resumptions.take(digestOf(1), "ann");
    await one.resumptions.remove(digestOf(2));
    for (const digest of [digestOf(1), digestOf(2)]) {
      await one.resumptions.update(digest, []);
      await one.resumptions.touch([digest]);
      assert.equal(await two.resumptions.take(digest, "ann"), "unknown");
    }
  },

  "ResumptionStore.take() knows no session that was connected long ago; touch() counts as connected": async (
    installation,
  ) => {
    const { resumptions } = await installation.open();
    await resumptions.keep(digestOf(1), SESSION);
    await resumptions.keep(digestOf(2), SESSION);
    await installation.pass(IDLE_MS * 0.8);
    await resumptions.touch([digestOf(2), digestOf(3)]);
    await installation.pass(IDLE_MS * 0.4);
    assert.equal(await resumptions.take(digestOf(1), "ann"), "unknown");
    assert.deepEqual(await resumptions.take(digestOf(2), "ann"), SESSION);
    assert.equal(await resumptions.take(digestOf(3), "ann"), "unknown");
  },

  "ResumptionStore.keep() bounds the sessions of each identity: the one that was connected first makes room": async (
    installation,
  ) => {
    const { resumptions } = await installation.open();
    await resumptions.keep(digestOf(0), { ...SESSION, identity: "bob" });
    for (let number = 1; number <= MAX_RESUMABLE_OF_ONE; number++) {
      await resumptions.keep(digestOf(number), SESSION);
      // Two of the same millisecond would have no order.
      if (number === 1) await installation.pass(10);
    }
    await installation.pass(10);
    await resumptions.keep(digestOf(1_000), SESSION);
    assert.equal(await resumptions.take(digestOf(1), "ann"), "unknown");
    for (const number of [2, MAX_RESUMABLE_OF_ONE, 1_000]) {
      assert.notEqual(await resumptions.take(digestOf(number), "ann"), "unknown", String(number));
    }
    assert.notEqual(await resumptions.take(digestOf(0), "bob"), "unknown");
  },

  "ResumptionStore keeps no session that holds too much": async (installation) => {
    const { resumptions } = await installation.open();
    const subscriptions = [{ kind: "resource", uri: "x".repeat(MAX_RESUMABLE_LENGTH) }] as const;
    assert.equal(await resumptions.keep(digestOf(1), { ...SESSION, subscriptions }), false);
    await resumptions.keep(digestOf(2), SESSION);
    await resumptions.update(digestOf(2), subscriptions);
    for (const number of [1, 2]) assert.equal(await resumptions.take(digestOf(number), "ann"), "unknown");
  },

  "SessionEnds.end() voids one session, or all of an identity, and none that begins afterwards": async (
    installation,
  ) => {
    const [one, two] = await openTwo(installation);
    await one.resumptions.keep(digestOf(1), { ...SESSION, id: "a" });
    await one.resumptions.keep(digestOf(2), { ...SESSION, id: "b" });
    await one.resumptions.keep(digestOf(3), { ...SESSION, id: "c", identity: "bob" });
    assert.equal(await two.ends.end({ id: "a" }), true);
    assert.equal(await two.resumptions.take(digestOf(1), "ann"), "unknown");
    assert.equal(await two.ends.end({ identity: "ann" }), true);
    assert.equal(await one.resumptions.take(digestOf(2), "ann"), "unknown");
    assert.notEqual(await one.resumptions.take(digestOf(3), "bob"), "unknown");
    await installation.pass(10);
    await two.resumptions.keep(digestOf(4), { ...SESSION, id: "d" });
    assert.notEqual(await one.resumptions.take(digestOf(4), "ann"), "unknown");
  },
};
