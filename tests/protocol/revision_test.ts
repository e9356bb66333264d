import assert from "node:assert/strict";
import { endedSubscription, inRevisionOf } from "../../src/protocol/revision.ts";

const READ = { jsonrpc: "2.0" as const, id: 1, method: "resources/read", params: { uri: "luno://none" } };

const CLAIMED = {
  ...READ,
  params: { ...READ.params, _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } },
};

/** What the SDK answers for a resource that does not exist. */
const MISSING = {
  jsonrpc: "2.0" as const,
  id: 1,
  error: { code: -32602, message: "Resource not found: luno://none", data: { uri: "luno://none" } },
};

Deno.test("inRevisionOf() reports a missing resource as -32002 to clients of 2025-11-25, -32602 to those of 2026-07-28", () => {
  assert.deepEqual(inRevisionOf(READ, MISSING), { ...MISSING, error: { ...MISSING.error, code: -32002 } });
  assert.equal(inRevisionOf(CLAIMED, MISSING), MISSING);
});

Deno.test("inRevisionOf() leaves every other answer unchanged", () => {
  const invalid = { ...MISSING, error: { code: -32602, message: "Invalid params: uri is missing" } };
  assert.equal(inRevisionOf(READ, invalid), invalid);
  assert.equal(inRevisionOf({ ...READ, method: "prompts/get" }, MISSING), MISSING);
  const result = { jsonrpc: "2.0" as const, id: 1, result: { contents: [] } };
  assert.equal(inRevisionOf(READ, result), result);
});

Deno.test("endedSubscription() ends a subscription of which nothing was granted, and no other", () => {
  const _meta = { "io.modelcontextprotocol/subscriptionId": "s" };
  const acknowledged = (notifications: unknown) => ({
    jsonrpc: "2.0" as const,
    method: "notifications/subscriptions/acknowledged",
    params: { notifications, _meta },
  });
  assert.deepEqual(endedSubscription(acknowledged({})), {
    jsonrpc: "2.0",
    id: "s",
    result: { resultType: "complete", _meta },
  });
  assert.equal(endedSubscription(acknowledged({ toolsListChanged: true })), undefined);
  assert.equal(endedSubscription({ jsonrpc: "2.0", method: "notifications/progress" }), undefined);
});
