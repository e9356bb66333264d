/** What every engine of the record promises of files that are published to it, and of orders under their versions. */

import assert from "node:assert/strict";
import { MAX_VERSIONS, textDigest } from "../../../src/trading/record/published_files.ts";
import type { NewFile } from "../../../src/trading/record/published_files.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import { entry, FREE, NOW, outcomeOf } from "../../trading/stores.ts";
import type { Promises } from "./acts.ts";

const POLICY: NewFile = { kind: "policy", text: '{"default":{"mode":"auto"}}', by: "terminal", now: NOW };

/** By what is promised. */
export const PUBLISHED_PROMISES: Promises = {
  "PublishedFiles.publish() adds versions of each kind, which all processes find": async (installation) => {
    const [record, other] = [await installation.open(), await installation.open()];
    assert.deepEqual(await other.published.current("policy"), undefined);
    assert.deepEqual(await publish(record, POLICY), ["published", 1]);
    assert.deepEqual(await publish(record, { ...POLICY, text: "{}" }), ["published", 2]);
    assert.deepEqual(await publish(other, { ...POLICY, kind: "access", text: "{}" }), ["published", 1]);
    const current = await other.published.find("policy");
    assert.deepEqual([current?.version, current?.text, current?.digest], [2, "{}", textDigest("{}")]);
    assert.equal((await other.published.find("policy", 1))?.text, POLICY.text);
    assert.equal(await other.published.find("policy", 3), undefined);
    assert.deepEqual((await other.published.versions("policy")).map(({ version }) => version), [2, 1]);
    assert.equal((await other.published.current("access"))?.version, 1);
  },

  "PublishedFiles.publish() records in the audit who published, and the digests before and after": async (
    installation,
  ) => {
    const record = await installation.open();
    await publish(record, POLICY);
    await publish(record, { ...POLICY, text: "{}", now: NOW + 1 });
    const rows = (await record.audit.trail({})).map(({ event, identity, data }) => ({
      event,
      isTerminal: identity.startsWith("terminal"),
      ...JSON.parse(data),
    }));
    const row = { event: "policy", isTerminal: true };
    const [first, second] = [textDigest(POLICY.text), textDigest("{}")];
    assert.deepEqual(rows, [
      { ...row, version: 1, digest: first, previous_version: null, previous_digest: null },
      { ...row, version: 2, digest: second, previous_version: 1, previous_digest: first },
    ]);
    assert.ok((await record.audit.verify()).ok);
  },

  "PublishedFiles.publish() writes nothing when the text is current already, or another version than expected is":
    async (
      installation,
    ) => {
      const record = await installation.open();
      assert.deepEqual(await publish(record, { ...POLICY, expectVersion: 1 }), ["conflict", 0]);
      assert.deepEqual(await publish(record, { ...POLICY, expectVersion: 0 }), ["published", 1]);
      assert.deepEqual(await publish(record, POLICY), ["same", 1]);
      assert.deepEqual(await publish(record, { ...POLICY, text: "{}", expectVersion: 0 }), ["conflict", 1]);
      assert.deepEqual((await record.published.versions("policy")).length, 1);
      assert.equal((await record.audit.trail({})).length, 1);
    },

  "PublishedFiles.publish() lets one of two processes that expect the same version succeed": async (installation) => {
    const records = [await installation.open(), await installation.open()];
    await publish(records[0] ?? assert.fail(), POLICY);
    const made = await Promise.all(
      records.map((record, index) => publish(record, { ...POLICY, text: `{"n":${index}}`, expectVersion: 1 })),
    );
    assert.deepEqual(made.map(([kind]) => kind).toSorted(), ["conflict", "published"]);
  },

  [`PublishedFiles keep the newest ${MAX_VERSIONS} versions of a kind`]: async (installation) => {
    const record = await installation.open();
    await publish(record, { ...POLICY, kind: "access", text: "{}" });
    for (let version = 1; version <= MAX_VERSIONS + 2; version++) {
      await publish(record, { ...POLICY, text: `{"n":${version}}` });
    }
    const kept = (await record.published.versions("policy")).map(({ version }) => version);
    assert.deepEqual([kept.length, kept[0], kept.at(-1)], [MAX_VERSIONS, MAX_VERSIONS + 2, 3]);
    assert.equal((await record.published.versions("access")).length, 1);
  },

  "PublishedFiles.find() refuses a text that differs from the published one": async (installation) => {
    const record = await installation.open();
    await publish(record, POLICY);
    await installation.tamper(`UPDATE published_files SET text = '{"default":{"mode":"confirm"}}'`);
    await assert.rejects(
      async () => await record.published.find("policy"),
      (error) => error instanceof StoreError && error.failure === "damaged",
    );
  },

  "Journal.begin() begins no order under another policy than the last published one, by any process": async (
    installation,
  ) => {
    const [record, other] = [await installation.open(), await installation.open()];
    const outcome = async (name: string, version?: number) =>
      outcomeOf(
        await other.journal.begin(entry(name), { ...FREE, ...(version === undefined ? {} : { version }) }, NOW),
      );
    assert.equal(await outcome("before"), "begun");
    await publish(record, POLICY);
    assert.equal(await outcome("file"), "ERR_POLICY_NOT_IN_FORCE");
    assert.equal(await outcome("first", 1), "begun");
    await publish(record, { ...POLICY, text: "{}" });
    assert.equal(await outcome("old", 1), "ERR_PREVIEW_STALE");
    const refusing = { policy: { ...FREE, version: 1 }, now: NOW };
    assert.equal((await other.journal.wouldRefuse(entry("old"), refusing))?.code, "ERR_PREVIEW_STALE");
    assert.equal(await outcome("new", 2), "begun");
  },
};

async function publish({ published }: TradingRecord, file: NewFile): Promise<[kind: string, version: number]> {
  const made = await published.publish(file);
  return [made.kind, made.kind === "conflict" ? made.version : made.file.version];
}
