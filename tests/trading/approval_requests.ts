/** Fictitious orders that wait for approval. */

import assert from "node:assert/strict";
import type { Approval, ApprovalRequest } from "../../src/trading/record/approval.ts";
import type { Order } from "../../src/trading/orders/order.ts";
import type { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { NOW, ORDER } from "./stores.ts";

let previews = 0;

/** A caller's request; each has a separate preview. */
export function orderRequest(
  { order = ORDER, headline = "Buy 0.001 BTC for about 1\u00a0000 ZAR", ...changes }:
    & Partial<ApprovalRequest>
    & { readonly order?: Order; readonly headline?: string } = {},
): ApprovalRequest {
  return {
    identity: "key:alice",
    account: "main",
    action: "place",
    asked: "{}",
    previewId: `pv-${String(++previews).padStart(32, "0")}`,
    facts: { order, notional: [{ currency: "ZAR", amount: "1000" }], mid: "1000500", averagePrice: null, warnings: [] },
    summary: {
      exchange: { kind: "live", host: "api.luno.com" },
      side: order.side,
      headline,
      details: [{ label: "Market", value: "BTC/ZAR (XBTZAR)" }],
      warnings: [],
    },
    ways: ["page", "terminal"],
    ...changes,
  };
}

/** Requests approval. */
export function ask(
  { approvals }: Pick<SqliteRecord, "approvals">,
  changes: Parameters<typeof orderRequest>[0] = {},
  now = NOW,
): { readonly approval: Approval; readonly id: string; readonly token: string } {
  const asked = approvals.request(orderRequest(changes), now);
  assert.ok(asked.ok);
  return { approval: asked.approval, id: asked.approval.id, token: asked.token };
}
