/** Standard MCP clients against the program: the current library in both eras, and the older one. */

import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioClientTransportV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import assert from "node:assert/strict";
import { inherited, PROGRAMS } from "./program.ts";
import type { Program } from "./program.ts";

/** One plain call of each tool; accounts and orders are looked up first. */
interface Known {
  readonly accountId: string;
  readonly orderId: string;
}

const CALLS: Readonly<Record<string, (known: Known) => Record<string, unknown>>> = {
  get_crypto_price: () => ({ pair: "BTC/ZAR" }),
  get_all_tickers: () => ({}),
  get_market_overview: () => ({ currency: "btc" }),
  get_orderbook: () => ({ pair: "XBTZAR" }),
  get_recent_trades: () => ({ pair: "ETHZAR" }),
  get_historical_prices: () => ({ pair: "XBTZAR", interval: "15m", count: 8 }),
  get_price_range: () => ({ pair: "XBTZAR", days: 7 }),
  get_account_balance: () => ({}),
  get_accounts: () => ({}),
  get_transaction_history: ({ accountId }) => ({ account_id: accountId }),
  get_pending_transactions: ({ accountId }) => ({ account_id: accountId }),
  get_transaction: ({ accountId }) => ({ account_id: accountId, transaction_id: "1" }),
  list_transfers: ({ accountId }) => ({ account_id: accountId }),
  get_open_orders: () => ({}),
  list_orders: () => ({}),
  get_order_status: ({ orderId }) => ({ order_id: orderId }),
  get_trade_history: () => ({ pair: "XBTZAR" }),
  get_fees: () => ({ pair: "XBTZAR" }),
  check_api_health: () => ({}),
  describe_capabilities: () => ({}),
};

interface CallResult {
  readonly isError?: boolean | undefined;
  readonly structuredContent?: unknown;
  readonly content?: unknown;
}

/** What the two libraries have in common. */
interface AnyClient {
  listTools(): Promise<{ tools: readonly { readonly name: string }[] }>;
  call(name: string, args: Record<string, unknown>): Promise<CallResult>;
}

/** Calls every listed tool; the libraries check answers against the listed output schemas. */
async function callEveryTool(client: AnyClient): Promise<void> {
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(({ name }) => name), Object.keys(CALLS));
  const known = await findKnown(client);
  for (const { name } of tools) {
    const result = await client.call(name, CALLS[name]?.(known) ?? {});
    assert.notEqual(result.isError, true, `${name}: ${JSON.stringify(result.content)}`);
    const [text] = Array.isArray(result.content) ? result.content : [];
    assert.deepEqual(JSON.parse(text.text), result.structuredContent, name);
  }
}

async function findKnown(client: AnyClient): Promise<Known> {
  const accounts = JSON.stringify((await client.call("get_accounts", { currency: "XBT" })).structuredContent);
  const orders = JSON.stringify((await client.call("list_orders", { limit: 1 })).structuredContent);
  return {
    accountId: /"account_id":"(\d+)"/.exec(accounts)?.[1] ?? "",
    orderId: /"order_id":"(\w+)"/.exec(orders)?.[1] ?? "",
  };
}

function server({ command, args }: Program) {
  return { command, args: [...args, "--exchange", "simulated"], env: inherited(), stderr: "inherit" as const };
}

for (const program of PROGRAMS) {
  for (const mode of ["legacy", "auto"] as const) {
    Deno.test(`the v2 client (${mode}) lists and calls every tool (${program.name})`, async () => {
      const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
      await client.connect(new StdioClientTransport(server(program)));
      try {
        assert.equal(client.getNegotiatedProtocolVersion(), mode === "auto" ? "2026-07-28" : "2025-11-25");
        await callEveryTool({
          listTools: () => client.listTools(),
          call: (name, args) => client.callTool({ name, arguments: args }),
        });
      } finally {
        await client.close();
      }
    });
  }

  Deno.test(`the v1 client lists and calls every tool (${program.name})`, async () => {
    const client = new ClientV1({ name: "test", version: "1" });
    await client.connect(new StdioClientTransportV1(server(program)));
    try {
      await callEveryTool({
        listTools: () => client.listTools(),
        call: (name, args) => client.callTool({ name, arguments: args }),
      });
      const { resources } = await client.listResources();
      for (const { uri } of resources) assert.ok((await client.readResource({ uri })).contents.length > 0, uri);
      const { prompts } = await client.listPrompts();
      assert.equal(prompts.length, 3);
    } finally {
      await client.close();
    }
  });
}
