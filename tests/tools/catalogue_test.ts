import assert from "node:assert/strict";
import type { JsonSchemaType } from "@modelcontextprotocol/client";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/client/validators/ajv";
import { tokenCost } from "../../src/protocol/listing.ts";
import { describeTools } from "../../src/protocol/tool_listing.ts";
import { catalogue, selectTools } from "../../src/tools/catalogue.ts";
import type { Tool } from "../../src/tools/tool.ts";
import { connectClient } from "../protocol/connections.ts";
import { type Json, TestExchange } from "../support/exchange.ts";

/** The least that each tool must be told, on one simulated exchange. */
async function leastArguments(exchange: TestExchange): Promise<Record<string, Record<string, unknown>>> {
  const pair = "XBTZAR";
  const [{ accounts }, { orders }] = [await exchange.answer("get_accounts"), await exchange.answer("list_orders")];
  const account_id = accounts.find(({ name }: Json) => name === "ZAR Wallet").account_id;
  return {
    get_crypto_price: { pair },
    get_all_tickers: {},
    get_market_overview: {},
    get_orderbook: { pair },
    get_recent_trades: { pair },
    get_historical_prices: { pair },
    get_price_range: { pair },
    get_account_balance: {},
    get_accounts: {},
    get_transaction_history: { account_id },
    get_pending_transactions: { currency: "XBT" },
    get_transaction: { account_id, transaction_id: "2501" },
    list_transfers: { account_id },
    get_open_orders: {},
    list_orders: {},
    get_order_status: { order_id: orders[0].order_id },
    get_trade_history: { pair },
    get_fees: { pair },
    check_api_health: {},
    describe_capabilities: {},
  };
}

for (const tool of catalogue) {
  const { name, annotations, scope, input } = tool;

  Deno.test(`${name} is named by a verb and its object`, () => {
    assert.match(name, /^(?:get|list|check|describe|preview|place|cancel|replace|halt)(?:_[a-z]+)+$/);
    assert.ok(tool.title !== "" && tool.description !== "");
  });

  Deno.test(`${name} is declared read-only exactly when its scope only reads`, () => {
    assert.equal(annotations.readOnlyHint, scope.endsWith(":read"));
    assert.equal(annotations.destructiveHint, !scope.endsWith(":read"));
    assert.deepEqual(Object.values(annotations).map((hint) => typeof hint), Array(4).fill("boolean"));
  });

  Deno.test(`${name} refuses an unknown argument`, () => {
    const read = input.safeParse({ pair: "XBTZAR", account_id: "1", transaction_id: "1", pear: 1 });
    assert.ok(read.error?.issues.some((issue) => issue.code === "unrecognized_keys" && issue.keys.includes("pear")));
  });
}

Deno.test("every tool returns answers that match its listed schema, in tens of rows by default", async () => {
  await using exchange = await TestExchange.start({ ledgerRows: 2_500 });
  await using client = await connectClient(exchange.context);
  const least = await leastArguments(exchange);
  const { tools } = await client.listTools();
  assert.deepEqual(Object.keys(least).toSorted(), tools.map(({ name }) => name).toSorted());
  const validators = new AjvJsonSchemaValidator();
  for (const { name, outputSchema } of tools) {
    const { content, structuredContent, isError } = await client.callTool({ name, arguments: least[name] ?? {} });
    assert.ok(!isError, JSON.stringify(content));
    assert.deepEqual(content, [{ type: "text", text: JSON.stringify(structuredContent) }]);
    const schema: JsonSchemaType = JSON.parse(JSON.stringify(outputSchema));
    const checked = validators.getValidator(schema)(structuredContent);
    assert.ok(checked.valid, `${name}: ${checked.errorMessage}`);
    for (const list of Object.values(structuredContent ?? {}).filter(Array.isArray)) assert.ok(list.length <= 50, name);
  }
});

Deno.test("lists are empty when the exchange writes null", async () => {
  await using exchange = await TestExchange.start({ emptyLists: "null" });
  assert.deepEqual((await exchange.answer("get_trade_history", { pair: "BCHXBT" })).trades, []);
  assert.deepEqual((await exchange.answer("get_pending_transactions", { currency: "MYR" })).pending, []);
  assert.deepEqual((await exchange.answer("get_open_orders", { pair: "BCHXBT" })).orders, []);
});

Deno.test("the tool list takes at most 8,000 tokens of a conversation, with trading 10,200", () => {
  const costOf = (tools: readonly Tool[]) =>
    describeTools(tools).reduce((total, { tool }) => total + tokenCost(tool), 0);
  const reading = costOf(catalogue.filter(({ group }) => group !== "trading"));
  assert.ok(reading <= 8_000, String(reading));
  assert.ok(costOf(catalogue) <= 10_200, String(costOf(catalogue)));
});

/** Every node of a JSON Schema that is a schema itself, with its path. */
function* nodesOf(schema: Json, path: string): Generator<[path: string, node: Json]> {
  yield [path, schema];
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* nodesOf(field, `${path}.${name}`);
  for (const each of [schema.items ?? [], schema.anyOf ?? []].flat()) yield* nodesOf(each, `${path}[]`);
  if (typeof schema.additionalProperties === "object") yield* nodesOf(schema.additionalProperties, `${path}{}`);
}

/**
 * What converters of other libraries make of a list, read from their source and tried with them: google-genai 3.6.1
 * (`Schema.from_json_schema`) fails on `additionalProperties: false` and `propertyNames` and drops all but one type of an
 * array; openai-agents 0.24.0 (`ensure_strict_json_schema`) and langchain-core 1.8.3 (`convert_to_openai_tool`) resolve no
 * `$ref` to a definition elsewhere, take no `oneOf` and `allOf` of several, and make every property required.
 */
const REFUSED_BY_CONVERTERS = ["propertyNames", "$ref", "$defs", "oneOf", "allOf", "not", "if", "patternProperties"];

for (const { tool: { name, inputSchema, outputSchema } } of describeTools(catalogue)) {
  Deno.test(`${name} is listed in a form that the converters of other libraries accept`, () => {
    for (const [path, node] of nodesOf(inputSchema, "input")) {
      for (const word of REFUSED_BY_CONVERTERS) assert.equal(node[word], undefined, `${path}: ${word}`);
      assert.equal(node.additionalProperties, undefined, path);
      assert.ok(!Array.isArray(node.type), `${path}: ${node.type}`);
    }
    for (const [path, node] of nodesOf(outputSchema, "output")) {
      for (const word of REFUSED_BY_CONVERTERS) assert.equal(node[word], undefined, `${path}: ${word}`);
      assert.notEqual(node.additionalProperties, false, path);
    }
  });
}

Deno.test("selectTools() offers the tools of the chosen groups and no others, by name or alias", () => {
  const { listed, find } = selectTools(["market"]);
  assert.ok(listed.length > 0 && listed.every(({ group }) => group === "market"));
  assert.equal(find("get_orderbook")?.name, "get_orderbook");
  assert.equal(find("get_order_book")?.name, "get_order_book");
  for (const other of ["get_accounts", "get_balances", "check_api_health", "toString", "__proto__", ""]) {
    assert.equal(find(other), undefined);
  }
});
