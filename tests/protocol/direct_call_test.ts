import assert from "node:assert/strict";
import { callDirectly, directMethods, requiredScope } from "../../src/protocol/direct_call.ts";
import { TOOL_FAILED } from "../../src/errors/rpc_codes.ts";
import { listingOf } from "../../src/protocol/listing.ts";
import { aliases } from "../../src/tools/aliases.ts";
import { catalogue, selectTools } from "../../src/tools/catalogue.ts";
import { tradingTools } from "../../src/tools/trading.ts";
import type { ToolGroup } from "../../src/tools/tool.ts";
import { callerOf } from "../support/callers.ts";
import { TestExchange } from "../support/exchange.ts";
import { backendOf } from "./backend.ts";

const { signal } = new AbortController();
const caller = callerOf();

for (const groups of [["market", "account", "server"], ["market"], ["account"], ["server"], []] as ToolGroup[][]) {
  Deno.test(`directMethods() contains the names of the tools of ${groups.join(", ") || "no group"}, aliases included`, () => {
    const { listed, find } = selectTools(groups);
    const called = [...listed, ...tradingTools, ...aliases].map(({ name }) => name).filter((name) =>
      find(name) !== undefined
    );
    assert.deepEqual([...directMethods(listingOf(groups))].sort(), called.sort());
  });
}

Deno.test("directMethods() contains none of the protocol's own methods", () => {
  const names = directMethods(listingOf(["market", "account", "server"]));
  for (const name of ["initialize", "ping", "tools/call", "server/discover", "__proto__", "constructor", ""]) {
    assert.ok(!names.has(name), name);
  }
});

Deno.test("callDirectly() returns the tool's plain result, by name and by alias", async () => {
  await using exchange = await TestExchange.start();
  const backend = backendOf(exchange.context);
  const expected = await exchange.answer("get_orderbook", { pair: "XBTZAR", depth: 100 });
  for (const [method, rest] of [["get_orderbook", { depth: 100 }], ["get_order_book", {}]] as const) {
    assert.deepEqual(
      await callDirectly(backend, { method, params: { pair: "XBTZAR", ...rest }, cancellation: { signal }, caller }),
      {
        result: expected,
      },
    );
  }
});

Deno.test("callDirectly() treats missing parameters as none, and the protocol's _meta as no argument", async () => {
  await using exchange = await TestExchange.start();
  const backend = backendOf(exchange.context);
  for (const params of [undefined, {}, { _meta: { progressToken: 1 } }]) {
    const answer = await callDirectly(backend, {
      method: "describe_capabilities",
      params,
      cancellation: { signal },
      caller,
    });
    assert.ok("result" in answer, JSON.stringify(answer));
  }
});

Deno.test("callDirectly() answers invalid arguments with -32602, and says which", async () => {
  await using exchange = await TestExchange.start();
  const backend = backendOf(exchange.context);
  for (
    const [params, field] of [
      [{}, "pair"],
      [{ pair: 5 }, "pair"],
      [{ pair: "XBTZAR", depht: 1 }, "depht"],
      [JSON.parse('{"pair":"XBTZAR","__proto__":{"pair":1}}'), "__proto__"],
      [["XBTZAR"], "arguments"],
      ["XBTZAR", "arguments"],
    ] as const
  ) {
    const answer = await callDirectly(backend, {
      method: "get_crypto_price",
      params,
      cancellation: { signal },
      caller,
    });
    assert.ok("error" in answer, JSON.stringify(answer));
    assert.equal(answer.error.code, -32602);
    const { code, retryable, fields } = answer.error.data as Record<string, unknown>;
    assert.deepEqual([code, retryable], ["ERR_INVALID_ARGUMENT", false]);
    assert.equal((fields as { field: string }[])[0]?.field, field);
  }
});

Deno.test("callDirectly() answers a tool's error with its code and when to retry", async () => {
  await using exchange = await TestExchange.start();
  exchange.simulation.faults.set([{ kind: "too_many_requests", retryAfterSeconds: 7 }]);
  const answer = await callDirectly(backendOf(exchange.context), {
    method: "get_crypto_price",
    params: { pair: "XBTZAR" },
    cancellation: { signal },
    caller,
  });
  assert.ok("error" in answer, JSON.stringify(answer));
  assert.equal(answer.error.code, TOOL_FAILED);
  const data = answer.error.data as Record<string, unknown>;
  assert.deepEqual([data.code, data.retryable, data.retryAfterMs], ["ERR_RATE_LIMITED", true, 7_000]);
  assert.ok(!("retry_after_ms" in data) && !("message" in data));
});

Deno.test("callDirectly() answers -32601 for a tool that is not offered", async () => {
  await using exchange = await TestExchange.start();
  const backend = backendOf(exchange.context, ["market"]);
  for (const method of ["get_accounts", "get_balances", "nothing", "__proto__"]) {
    const answer = await callDirectly(backend, { method, cancellation: { signal }, caller });
    assert.deepEqual(answer, { error: { code: -32601, message: "Method not found" } });
  }
});

Deno.test("requiredScope() knows the scope of every tool and alias", () => {
  const listing = listingOf(["market", "account", "trading", "server"]);
  for (const { name, scope } of [...catalogue, ...aliases]) assert.equal(requiredScope(listing, name), scope, name);
  for (const name of ["nothing", "__proto__", undefined, 7]) assert.equal(requiredScope(listing, name), undefined);
});
