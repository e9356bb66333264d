/** What every engine of sessions that can be resumed promises. */

import assert from "node:assert/strict";
import { MAX_RESUMABLE_LENGTH, MAX_RESUMABLE_OF_ONE } from "../../../src/session/resumption_store.ts";
import type { ResumableSession, TakenResumable } from "../../../src/session/resumption_store.ts";
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

/** Takes by one digest, to go on under another. */
function take(
  { resumptions }: Pick<SharedServer, "resumptions">,
  number: number,
  { next = number + 5_000, identity = "ann" } = {},
) {
  return resumptions.take(digestOf(number), { identity, next: digestOf(next) });
}

/** Answers whose it was, with the digest by which it was taken. */
function taken(number: number, session: ResumableSession = SESSION): TakenResumable {
  return { ...session, digest: digestOf(number) };
}

/** By what is promised. */
export const RESUMPTION_PROMISES: SharedPromises = {
  "ResumptionStore.take() returns a session as it was last, and continues it under another digest": async (
    installation,
  ) => {
    const [one, two] = await openTwo(installation);
    assert.equal(await one.resumptions.keep(digestOf(1), { ...SESSION, subscriptions: [] }), true);
    await one.resumptions.update(digestOf(1), SESSION.subscriptions);
    assert.deepEqual(await take(two, 1, { next: 2 }), taken(1));
    await one.resumptions.confirm(digestOf(2));
    assert.equal(await take(two, 1, { next: 3 }), "unknown", "the first token is void once its client has the second");
    await one.resumptions.update(digestOf(2), []);
    assert.deepEqual(await take(one, 2, { next: 3 }), taken(2, { ...SESSION, subscriptions: [] }));
  },

  "ResumptionStore.take() continues a session whose next token its client never got, for the last caller": async (
    installation,
  ) => {
    const [one, two] = await openTwo(installation);
    await one.resumptions.keep(digestOf(1), SESSION);
    const asked = [one, two, one, two].map((server, index) => take(server, 1, { next: 10 + index }));
    const replaced = (await Promise.all(asked)).map((taken) => typeof taken === "object" && taken.digest);
    assert.equal(new Set(replaced).size, 4, "each goes on with what the one before it had");
    const isLast = (index: number) => !replaced.includes(digestOf(10 + index));
    for (const index of [0, 1, 2, 3].filter((index) => !isLast(index))) {
      assert.equal(await take(two, 10 + index, { next: 20 }), "unknown", "the session has one connection");
    }
    const last = 10 + [0, 1, 2, 3].findIndex(isLast);
    assert.deepEqual(await take(one, last, { next: 20 }), taken(last));
    assert.equal(await take(two, 1, { next: 21 }), "unknown", "whoever has used a later token had it");
    assert.deepEqual(await take(two, last, { next: 21 }), taken(20));
    await two.resumptions.remove(digestOf(21));
    assert.equal(await take(two, last, { next: 22 }), "unknown", "with a session all of its tokens are gone");
  },

  "ResumptionStore.take() finds no session of another identity, which can still be resumed": async (installation) => {
    const [{ resumptions }, two] = await openTwo(installation);
    await resumptions.keep(digestOf(1), SESSION);
    assert.equal(await take(two, 1, { identity: "bob" }), "unknown");
    assert.equal(await take(two, 2), "unknown");
    assert.deepEqual(await take(two, 1), taken(1));
  },

  "ResumptionStore.update() restores no session that was taken or removed": async (installation) => {
    const [one, two] = await openTwo(installation);
    await one.resumptions.keep(digestOf(1), SESSION);
    await one.resumptions.keep(digestOf(2), SESSION);
    await take(two, 1, { next: 3 });
    await two.resumptions.confirm(digestOf(3));
    await one.resumptions.remove(digestOf(2));
    for (const digest of [digestOf(1), digestOf(2)]) {
      await one.resumptions.update(digest, []);
      await one.resumptions.touch([digest]);
      assert.equal(await two.resumptions.take(digest, { identity: "ann", next: digestOf(9_999) }), "unknown");
    }
  },

  "ResumptionStore.take() finds no session that was connected long ago; touch() counts as connected": async (
    installation,
  ) => {
    const server = await installation.open();
    const { resumptions } = server;
    await resumptions.keep(digestOf(1), SESSION);
    await resumptions.keep(digestOf(2), SESSION);
    await installation.pass(IDLE_MS * 0.8);
    await resumptions.touch([digestOf(2), digestOf(3)]);
    await installation.pass(IDLE_MS * 0.4);
    assert.equal(await take(server, 1), "unknown");
    assert.deepEqual(await take(server, 2), taken(2));
    assert.equal(await take(server, 3), "unknown");
  },

  "ResumptionStore.keep() bounds the sessions of each identity: the first connected one makes room": async (
    installation,
  ) => {
    const server = await installation.open();
    const { resumptions } = server;
    await resumptions.keep(digestOf(0), { ...SESSION, identity: "bob" });
    for (let number = 1; number <= MAX_RESUMABLE_OF_ONE; number++) {
      await resumptions.keep(digestOf(number), SESSION);
      // Two of the same millisecond would have no order.
      if (number === 1) await installation.pass(10);
    }
    await installation.pass(10);
    await resumptions.keep(digestOf(1_000), SESSION);
    assert.equal(await take(server, 1), "unknown");
    for (const number of [2, MAX_RESUMABLE_OF_ONE, 1_000]) {
      assert.notEqual(await take(server, number), "unknown", String(number));
    }
    assert.notEqual(await take(server, 0, { identity: "bob" }), "unknown");
  },

  "ResumptionStore stores no session that is too large": async (installation) => {
    const server = await installation.open();
    const { resumptions } = server;
    const subscriptions = [{ kind: "resource", uri: "x".repeat(MAX_RESUMABLE_LENGTH) }] as const;
    assert.equal(await resumptions.keep(digestOf(1), { ...SESSION, subscriptions }), false);
    await resumptions.keep(digestOf(2), SESSION);
    await resumptions.update(digestOf(2), subscriptions);
    for (const number of [1, 2]) assert.equal(await take(server, number), "unknown");
  },

  "SessionEnds.end() voids one session, or all of an identity, and none that begins afterwards": async (
    installation,
  ) => {
    const [one, two] = await openTwo(installation);
    await one.resumptions.keep(digestOf(1), { ...SESSION, id: "a" });
    await one.resumptions.keep(digestOf(2), { ...SESSION, id: "b" });
    await one.resumptions.keep(digestOf(3), { ...SESSION, id: "c", identity: "bob" });
    assert.equal(await two.ends.end({ id: "a" }), true);
    assert.equal(await take(two, 1), "unknown");
    assert.equal(await two.ends.end({ identity: "ann" }), true);
    assert.equal(await take(one, 2), "unknown");
    assert.notEqual(await take(one, 3, { identity: "bob" }), "unknown");
    await installation.pass(10);
    await two.resumptions.keep(digestOf(4), { ...SESSION, id: "d" });
    assert.notEqual(await take(one, 4), "unknown");
  },
};
