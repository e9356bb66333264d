import assert from "node:assert/strict";
import fc from "fast-check";
import type { Order } from "../../../src/trading/orders/order.ts";
import { PREVIEW_LIFETIME_MS, Previews, type PreviewStart } from "../../../src/trading/orders/preview.ts";

const ORDER: Order = { pair: "XBTZAR", base: "XBT", counter: "ZAR", side: "SELL", type: "market", volume: "0.01" };

function start(identity: string): PreviewStart<string> {
  return { order: ORDER, identity, paper: false, policyDigest: "d", facts: "shown" };
}

function reasonOf(previews: Previews<string>, previewId: string, at: { identity: string; now: number }): string {
  const taken = previews.take(previewId, at.identity, at.now);
  return taken.ok ? "taken" : taken.reason;
}

Deno.test("Previews.take() gives a preview once, as it was added", () => {
  const previews = new Previews<string>();
  const { previewId, expiresAt } = previews.add(start("key:alice"), 1_000);
  assert.match(previewId, /^pv-[0-9a-f]{32}$/);
  assert.equal(expiresAt, 1_000 + PREVIEW_LIFETIME_MS);
  assert.deepEqual(previews.take(previewId, "key:alice", 2_000), {
    ok: true,
    preview: { ...start("key:alice"), previewId, expiresAt },
  });
  assert.equal(reasonOf(previews, previewId, { identity: "key:alice", now: 2_001 }), "used");
});

Deno.test("Previews.take() knows nothing of somebody else's preview and leaves it to its owner", () => {
  const previews = new Previews<string>();
  const { previewId } = previews.add(start("key:alice"), 0);
  assert.equal(reasonOf(previews, previewId, { identity: "key:bob", now: 1 }), "unknown");
  assert.equal(reasonOf(previews, previewId, { identity: "key:alice", now: 1 }), "taken");
  assert.equal(reasonOf(previews, previewId, { identity: "key:bob", now: 1 }), "unknown");
  assert.equal(reasonOf(previews, "pv-", { identity: "key:alice", now: 1 }), "unknown");
});

Deno.test("Previews.take() refuses a preview from the moment at which it expires", () => {
  const previews = new Previews<string>();
  const [first, second] = [previews.add(start("local"), 0), previews.add(start("local"), 0)];
  assert.equal(reasonOf(previews, first.previewId, { identity: "local", now: PREVIEW_LIFETIME_MS - 1 }), "taken");
  assert.equal(reasonOf(previews, second.previewId, { identity: "local", now: PREVIEW_LIFETIME_MS }), "expired");
  assert.equal(reasonOf(previews, first.previewId, { identity: "local", now: PREVIEW_LIFETIME_MS }), "used");
});

Deno.test("Previews.add() forgets an identity's oldest preview beyond 100, and nobody else's", () => {
  const previews = new Previews<string>();
  const other = previews.add(start("key:bob"), 0);
  const own = Array.from({ length: 101 }, () => previews.add(start("key:alice"), 0).previewId);
  assert.equal(previews.size, 101);
  assert.equal(reasonOf(previews, own[0] ?? "", { identity: "key:alice", now: 1 }), "unknown");
  assert.equal(reasonOf(previews, own[1] ?? "", { identity: "key:alice", now: 1 }), "taken");
  assert.equal(reasonOf(previews, other.previewId, { identity: "key:bob", now: 1 }), "taken");
});

Deno.test("Previews never holds more than 1,000 in all, and gives each away at most once", () => {
  const step = fc.record({ who: fc.nat(30), count: fc.integer({ min: 1, max: 120 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), (steps) => {
      const previews = new Previews<string>();
      const added: { previewId: string; identity: string }[] = [];
      for (const { who, count } of steps) {
        const identity = `key:${who}`;
        for (let i = 0; i < count; i++) added.push({ identity, ...previews.add(start(identity), 0) });
      }
      assert.ok(previews.size <= 1_000);
      const taken = added.filter(({ previewId, identity }) => previews.take(previewId, identity, 1).ok);
      assert.equal(taken.length, previews.size);
      assert.ok(added.every(({ previewId, identity }) => !previews.take(previewId, identity, 1).ok));
      const newest = added.at(-1);
      assert.ok(newest === undefined || taken.includes(newest));
    }),
    { numRuns: 20 },
  );
});
