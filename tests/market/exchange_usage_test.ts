import assert from "node:assert/strict";
import { usageRecord } from "../../src/market/exchange_usage.ts";

Deno.test("usageRecord() reports each account's user stream under the account's own id", () => {
  const stream = { isLive: true, ageMs: 10.4, gaps: 0, events: 3, connections: 2, lost: {}, problem: null, needed: 1 };
  const { user_streams } = usageRecord({
    calls: [],
    saved: { coalesced: 0, cache: 0, stream: 0 },
    streams: [],
    userStreams: [{ ...stream, account: "main" }, { ...stream, account: "second", ageMs: Infinity, isLive: false }],
  });
  const facts = { gaps: 0, reconnects: 1, events: 3, problem: null };
  assert.deepEqual(user_streams, [
    { account: "main", live: true, age_ms: 10, ...facts },
    { account: "second", live: false, age_ms: null, ...facts },
  ]);
});
