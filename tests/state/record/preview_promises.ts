/** What every engine of the record promises of orders that callers were shown. */

import assert from "node:assert/strict";
import { DAY_MS } from "../../../src/trading/policy/limits.ts";
import { PREVIEWS_PER_MINUTE } from "../../../src/trading/record/previews.ts";
import { MAX_PREVIEWS_PER_IDENTITY, PREVIEW_KEPT_MS } from "../../../src/trading/record/previews.ts";
import type { ShownOrder } from "../../../src/trading/record/previews.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { orderDigest } from "../../../src/trading/orders/order.ts";
import { PREVIEW_LIFETIME_MS } from "../../../src/trading/orders/preview.ts";
import { orderRequest } from "../../trading/approval_requests.ts";
import { shownOrder } from "../../trading/shown_orders.ts";
import { entry, FREE, NOW, ORDER, outcomeOf } from "../../trading/stores.ts";
import { failsWith } from "./acts.ts";
import type { Promises } from "./acts.ts";

const OVER = NOW + PREVIEW_LIFETIME_MS;

/** Shows an order; answers its preview. */
async function show({ previews }: TradingRecord, changes: Partial<ShownOrder> = {}, now = NOW): Promise<string> {
  const shown = shownOrder(changes);
  const { identity, previewId } = shown;
  assert.equal(await previews.add({ row: { identity, data: { preview_id: previewId } }, shown }, now), 0);
  return previewId;
}

/** Begins the order of a preview; what that comes to, as one word. */
async function begin(
  { journal }: TradingRecord,
  previewId: string,
  { identity = "key:alice", now = NOW }: { readonly identity?: string; readonly now?: number } = {},
): Promise<string> {
  return outcomeOf(
    await journal.begin(entry(crypto.randomUUID(), { previewId, identity, takesPreview: true }), FREE, now),
  );
}

/** Asks about the order of a preview, on a page or in a dialog; what that comes to, as one word. */
async function ask(
  { approvals, dialogs }: TradingRecord,
  previewId: string,
  { identity = "key:alice", now = NOW, inDialog = false }: {
    readonly identity?: string;
    readonly now?: number;
    readonly inDialog?: boolean;
  } = {},
): Promise<string> {
  const { ways: _, ...request } = { ...orderRequest({ previewId, identity }), takesPreview: true };
  const asked = inDialog
    ? await dialogs.ask({ ...request, call: "c" }, now)
    : await approvals.request({ ...request, ways: ["page"] }, now);
  return asked.ok ? "asked" : asked.reason;
}

/** Everything that uses a preview up. */
const USES = {
  begin,
  ask,
  "ask in a dialog": (record: TradingRecord, previewId: string, how: { identity?: string; now?: number } = {}) =>
    ask(record, previewId, { ...how, inDialog: true }),
} as const;

/** What each answers that cannot. */
const REFUSALS = { unknown: "ERR_PREVIEW_UNKNOWN", expired: "ERR_PREVIEW_EXPIRED", used: "ERR_PREVIEW_USED" } as const;

/** Whether something was refused for this. */
function isRefusal(outcome: string, reason: keyof typeof REFUSALS): boolean {
  return outcome === reason || outcome === REFUSALS[reason];
}

/** By what is promised. */
export const PREVIEW_PROMISES: Promises = {
  "Previews carry an exact order to another process, for its caller only, also after all have closed": async (
    installation,
  ) => {
    const record = await installation.open();
    const shown = shownOrder({ summary: orderRequest().summary });
    assert.equal(await record.previews.add({ row: { identity: shown.identity }, shown }, NOW), 0);
    const { previewId, identity } = shown;
    const kept = {
      ...shown,
      digest: orderDigest(ORDER),
      createdAt: NOW,
      expiresAt: NOW + PREVIEW_LIFETIME_MS,
      usedAt: null,
    };
    assert.deepEqual(await (await installation.open()).previews.find(previewId, identity), kept);
    await record.close();
    const again = await installation.open();
    assert.deepEqual(await again.previews.find(previewId, identity), kept);
    assert.equal(await again.previews.find(previewId, "key:bob"), undefined);
    assert.equal(await again.previews.find("pv-none", identity), undefined);
    assert.equal(await begin(again, previewId), "begun");
  },

  "Previews are used once: by an order that begins, or by an approval request": async (installation) => {
    const [one, other] = [await installation.open(), await installation.open()];
    for (const [first, use] of Object.entries(USES)) {
      for (const [second, useAgain] of Object.entries(USES)) {
        const previewId = await show(one);
        assert.match(await use(one, previewId), /begun|asked/, first);
        assert.equal((await other.previews.find(previewId, "key:alice"))?.usedAt, NOW, first);
        assert.ok(isRefusal(await useAgain(other, previewId), "used"), `${second} after ${first}`);
      }
    }
  },

  "Previews are used only by their caller, and stay available to it": async (installation) => {
    const record = await installation.open();
    for (const [name, use] of Object.entries(USES)) {
      const previewId = await show(record);
      assert.ok(isRefusal(await use(record, previewId, { identity: "key:mallory" }), "unknown"), name);
      assert.ok(isRefusal(await use(record, "pv-none"), "unknown"), name);
      assert.match(await use(record, previewId), /begun|asked/, name);
    }
  },

  "Previews expire with their time, and when the clock was set back": async (installation) => {
    const record = await installation.open();
    for (const [name, use] of Object.entries(USES)) {
      const [first, second] = [await show(record), await show(record)];
      assert.ok(isRefusal(await use(record, first, { now: OVER }), "expired"), name);
      assert.ok(isRefusal(await use(record, first, { now: NOW - 60_000 }), "expired"), name);
      assert.match(await use(record, second, { now: OVER - 1 }), /begun|asked/, name);
    }
  },

  "Previews stay unused after a refused order, and after an approval request without room": async (
    installation,
  ) => {
    const record = await installation.open();
    const previewId = await show(record);
    await record.halts.pull({ by: "test", reason: "enough", now: NOW });
    assert.equal(await begin(record, previewId), "ERR_TRADING_HALTED");
    await record.halts.lift({ by: "test", now: NOW });
    for (const inDialog of [false, true]) {
      const others = Array.from({ length: 10 }, () => show(record));
      for (const other of await Promise.all(others)) assert.equal(await ask(record, other, { inDialog }), "asked");
      assert.equal(await ask(record, previewId, { inDialog }), "too_many");
    }
    assert.equal((await record.previews.find(previewId, "key:alice"))?.usedAt, null);
    assert.equal(await begin(record, previewId), "begun");
  },

  "a preview whose order was changed in the record is not found": async (installation) => {
    const record = await installation.open();
    const previewId = await show(record);
    await installation.tamper(`UPDATE previews SET facts_json = replace(facts_json, '"0.001"', '"0.01"')`);
    assert.equal(await record.previews.find(previewId, "key:alice"), undefined);
  },

  "Previews.add() allows a limited number per caller and minute, across all processes, and says how long to wait":
    async (
      installation,
    ) => {
      const [one, other] = [await installation.open(), await installation.open()];
      const row = { identity: "key:alice" };
      for (let i = 0; i < PREVIEWS_PER_MINUTE; i++) {
        assert.equal(await (i % 2 === 0 ? one : other).previews.add({ row }, NOW + i), 0);
      }
      const shown = shownOrder();
      assert.equal(await other.previews.add({ row, shown }, NOW + 1_000), 59_000);
      assert.equal(await other.previews.find(shown.previewId, shown.identity), undefined);
      assert.equal(await other.previews.waitMs("key:alice", NOW + 59_999), 1);
      assert.equal(await other.previews.add({ row: { identity: "key:bob" } }, NOW + 1_000), 0);
      assert.equal(await one.audit.lastSeq(), PREVIEWS_PER_MINUTE + 1);
      assert.equal(await one.previews.add({ row }, NOW + 60_000), 0);
    },

  "Previews.add() does not count for long what was dated by a clock far ahead": async (installation) => {
    const { previews } = await installation.open();
    const row = { identity: "key:alice" };
    for (let i = 0; i < PREVIEWS_PER_MINUTE; i++) assert.equal(await previews.add({ row }, NOW + DAY_MS), 0);
    assert.equal(await previews.waitMs("key:alice", NOW + DAY_MS), 60_000);
    // A clock that is a little back only makes wait as long as ever.
    assert.equal(await previews.waitMs("key:alice", NOW + DAY_MS - 5_000), 60_000);
    assert.equal(await previews.waitMs("key:alice", NOW), 0);
    assert.equal(await previews.add({ row }, NOW), 0);
  },

  "Previews.add() keeps the newest of each identity, removes none of others for them, and all expire": async (
    installation,
  ) => {
    const record = await installation.open();
    const { previews } = record;
    const other = await show(record, { identity: "key:bob" });
    const own: string[] = [];
    for (let i = 0; i <= MAX_PREVIEWS_PER_IDENTITY; i++) own.push(await show(record, {}, NOW + i * 1_001));
    const [first = "", second = "", last = own.at(-1) ?? ""] = own;
    assert.equal(await previews.find(first, "key:alice"), undefined);
    assert.ok(await previews.find(second, "key:alice") && await previews.find(last, "key:alice"));
    assert.ok(await previews.find(other, "key:bob"));
    const late = NOW + 101_000 + PREVIEW_LIFETIME_MS + PREVIEW_KEPT_MS;
    const next = await show(record, { identity: "key:bob" }, late);
    const left = await Promise.all(
      [...own, other].map((id) => previews.find(id, id === other ? "key:bob" : "key:alice")),
    );
    // One operation takes a hundred of them away at most.
    assert.ok(left.filter((preview) => preview !== undefined).length <= 1);
    assert.ok(await previews.find(next, "key:bob"));
  },

  "two processes that use the same previews at once: each preview is used by one of them": async (installation) => {
    const record = await installation.open();
    const identities = Array.from({ length: 40 }, (_, i) => `key:${i}`);
    const shown = await Promise.all(
      identities.map(async (identity) => [identity, await show(record, { identity })] as const),
    );
    const processes = await Promise.all([installation.take(shown), installation.take(shown)]);
    const used: number[] = [];
    try {
      for (const process of processes) assert.equal(await process.next(), "ready");
      await Promise.all(processes.map((process) => process.goOn()));
      for (const process of processes) used.push(Number(await process.next()));
    } finally {
      await Promise.all(processes.map((process) => process[Symbol.asyncDispose]()));
    }
    assert.equal(used.reduce((sum, count) => sum + count, 0), shown.length, used.join(" and "));
    const taken = await Promise.all(shown.map(([identity, id]) => record.previews.find(id, identity)));
    assert.ok(taken.every((preview) => preview?.usedAt === NOW));
  },

  "while another process writes, a preview is neither written nor used, and reading continues": async (
    installation,
  ) => {
    const record = await installation.open();
    const previewId = await show(record);
    {
      await using _lock = await installation.lock();
      const shown = shownOrder();
      const changes = [
        record.previews.add({ row: { identity: shown.identity }, shown }, NOW),
        begin(record, previewId),
      ];
      assert.equal((await record.previews.find(previewId, "key:alice"))?.usedAt, null);
      for (const outcome of await Promise.allSettled(changes)) {
        assert.ok(outcome.status === "rejected" && failsWith("busy")(outcome.reason));
      }
      assert.equal(await record.previews.find(shown.previewId, shown.identity), undefined);
    }
    assert.equal(await begin(record, previewId), "begun");
  },

  "on a full disk no preview is used without its order": async (installation) => {
    const first = await installation.open();
    const previews: string[] = [];
    for (let i = 0; i < 40; i++) previews.push(await show(first, { identity: `key:${i}` }));
    const record = await installation.openFull();
    let begun = 0;
    await assert.rejects(async () => {
      for (; begun < 1_000; begun++) {
        const identity = `key:${begun % 40}`;
        const outcome = await begin(record, previews[begun] ?? await show(record, { identity }), { identity });
        assert.equal(outcome, "begun");
      }
    }, failsWith("full"));
    const kept = previews[begun];
    const preview = kept === undefined ? undefined : await record.previews.find(kept, `key:${begun}`);
    assert.equal(preview?.usedAt ?? null, null);
  },

  "on a slow disk a preview waits for its commit, and finding another one does not": async (installation) => {
    const known = await show(await installation.open());
    const record = await installation.openSlow();
    const order: string[] = [];
    const next = show(record).finally(() => order.push("shown"));
    await record.previews.find(known, "key:alice").finally(() => order.push("found"));
    assert.ok(await record.previews.find(await next, "key:alice"));
    assert.deepEqual(order, ["found", "shown"]);
  },

  "a preview that was answered is kept when the process is killed, and none without its audit row": async (
    installation,
  ) => {
    const record = await installation.open();
    const answered: string[] = [];
    for (let kills = 0; kills < 2; kills++) {
      await using writer = await installation.show();
      for (let count = 0; count < 5 + kills; count++) answered.push(await writer.next());
      answered.push(...await writer.kill());
    }
    const rows = await record.audit.trail({ limit: 10_000 });
    const told = rows.map(({ data, identity }) => [String(JSON.parse(data).preview_id), identity] as const);
    const kept = await Promise.all(told.map(([id, identity]) => record.previews.find(id, identity)));
    assert.ok(kept.every((preview) => preview !== undefined), "a row of the audit without its preview");
    assert.deepEqual(answered.filter((id) => !told.some(([each]) => each === id)), []);
    assert.ok((await record.audit.verify()).ok);
  },

  "no secret that the engine was given is stored with what people are shown": async (installation) => {
    const secret = "mN4-tQ_8vZ1rK6yH3bW9cX5sL2dF7gJ0";
    const record = await installation.open({ secrets: [secret] });
    const { summary } = orderRequest({ headline: `Buy ${secret}` });
    const previewId = await show(record, { summary });
    const kept = await record.previews.find(previewId, "key:alice");
    assert.equal(kept?.summary?.headline, "Buy [redacted]");
  },
};
