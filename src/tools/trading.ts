/** The trading tools: orders, their journal, and the halt. */

import { z } from "zod";
import { cleanText } from "../text/clean_text.ts";
import { brokerOf, CANCELS, LOOKS } from "./broker_call.ts";
import { cancelAllOrders, cancelOrder } from "./cancelling.ts";
import { placeOrder, previewOrder, replaceOrder } from "./placing.ts";
import { defineTool } from "./tool.ts";
import type { Tool } from "./tool.ts";

const getAuditTrail = defineTool({
  name: "get_audit_trail",
  title: "Audit trail",
  description:
    "What the audit log says of your own orders, or of one: preview, decision, confirmation, intent, sending, outcome, fills; with times and hashes.",
  group: "trading",
  scope: "account:read",
  annotations: { ...LOOKS, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    order_id: z.string().max(64).optional(),
    client_order_id: z.string().max(255).optional(),
    limit: z.int().min(1).max(500).default(50).describe("the latest rows"),
  }),
  output: z.object({
    rows: z.array(z.object({
      seq: z.int(),
      time: z.string(),
      event: z.string(),
      client_order_id: z.string().optional(),
      order_id: z.string().optional(),
      data: z.unknown(),
      hash: z.string(),
    })),
  }),
  async run({ order_id, client_order_id, limit }, context) {
    const identity = context.caller.identity;
    const query = { orderId: order_id, clientOrderId: client_order_id, limit };
    const rows = (await brokerOf(context).trail(identity, query)).map((row) => ({
      seq: row.seq,
      time: new Date(row.at).toISOString(),
      event: row.event,
      ...(row.clientOrderId === null ? {} : { client_order_id: row.clientOrderId }),
      ...(row.orderId === null ? {} : { order_id: row.orderId }),
      data: JSON.parse(row.data),
      hash: row.hash,
    }));
    return { rows };
  },
});

const haltTrading = defineTool({
  name: "halt_trading",
  title: "Halt trading",
  description: "Stops all new orders until a person resumes trading; can cancel open ones.",
  group: "trading",
  scope: "server:admin",
  annotations: CANCELS,
  input: z.strictObject({
    reason: z.string().min(1).max(200),
    cancel_open: z.boolean().default(false),
  }),
  output: z.object({
    halted: z.boolean(),
    on_their_way: z.array(z.string()),
    remaining: z.array(z.string()).optional(),
    lift: z.string(),
  }),
  async run({ reason, cancel_open }, context) {
    const halt = { by: context.caller.identity, reason: cleanText(reason), cancelOpen: cancel_open };
    const { onTheirWay, remaining } = await brokerOf(context).halt(halt);
    return {
      halted: true,
      on_their_way: onTheirWay.map(({ clientOrderId }) => clientOrderId),
      ...(cancel_open
        ? { remaining: remaining.map(({ order_id, client_order_id }) => order_id ?? client_order_id ?? "") }
        : {}),
      lift: "luno-mcp-server kill --lift",
    };
  },
});

/** The trading tools. */
export const tradingTools: readonly Tool[] = [
  previewOrder,
  placeOrder,
  cancelOrder,
  cancelAllOrders,
  replaceOrder,
  getAuditTrail,
  haltTrading,
];
