import assert from "node:assert/strict";
import { type EndpointName, endpoints } from "../../src/exchange/endpoints.ts";

const rows = Object.entries(endpoints);

Deno.test("endpoints contains every documented endpoint except those that move money out", () => {
  const routes = rows.map(([, { method, path }]) => `${method} ${path}`);
  // Open orders are read twice, whole and for their ids alone.
  assert.deepEqual([routes.length, new Set(routes).size], [35, 34]);
  for (
    const route of [
      "POST /api/1/send",
      "POST /api/1/withdrawals",
      "POST /api/exchange/1/convert",
      "POST /api/exchange/1/move",
    ]
  ) {
    assert.ok(!routes.includes(route), route);
  }
});

Deno.test("endpoints requires no key for public market data, and a key for everything else", () => {
  const open: EndpointName[] = [
    "getTicker",
    "getTickers",
    "getOrderBook",
    "getOrderBookFull",
    "listTrades",
    "getMarkets",
  ];
  assert.deepEqual(rows.filter(([, { permission }]) => permission === "none").map(([name]) => name), open);
});

Deno.test("endpoints gives orders and cancels, and nothing else, the highest priority", () => {
  const urgent = rows.filter(([, { priority }]) => priority === "order" || priority === "cancel");
  assert.deepEqual(urgent.map(([name, { priority }]) => `${name} ${priority}`), [
    "listOpenOrderIds cancel",
    "postLimitOrder order",
    "postMarketOrder order",
    "stopOrder cancel",
  ]);
});

for (const [name, { method, title, permission, path, params }] of rows) {
  Deno.test(`${name} has a write permission exactly when it writes`, () =>
    assert.equal(method !== "GET", permission.startsWith("Perm_W_")));

  Deno.test(`${name} has a title that completes "Cannot …" and refuses unknown parameters`, () => {
    assert.match(title, /^[A-Z][a-z]+ [a-z0-9 ]+$/);
    const result = params.safeParse({ id: "1", nonsense: 1 });
    assert.ok(!result.success);
    assert.equal(path.includes("{"), path.includes("{id}"));
  });
}
