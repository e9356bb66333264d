import assert from "node:assert/strict";
import { type EndpointName, endpoints, type ParamsOf } from "../../src/exchange/endpoints.ts";
import { ExchangeError } from "../../src/exchange/errors.ts";
import { basicAuthorization, buildRequest } from "../../src/exchange/requests.ts";
import type { WireRequest } from "../../src/exchange/wire.ts";

function build(name: EndpointName, params: unknown): WireRequest {
  return buildRequest(endpoints[name], params, { origin: "https://exchange.example", userAgent: "test" });
}

function problemOf(name: EndpointName, params: unknown): string {
  let message = "";
  assert.throws(() => build(name, params), (error) => {
    assert.ok(error instanceof ExchangeError);
    assert.equal(error.code, "ERR_ARGUMENT_REFUSED");
    assert.equal(error.outcome, "none");
    message = error.message;
    return true;
  });
  return message;
}

const limitOrder: ParamsOf<"postLimitOrder"> = { pair: "XBTZAR", type: "BID", volume: "0.001", price: "1300000" };

Deno.test("buildRequest() puts a read's parameters into the query, arrays as repeated keys", () => {
  const request = build("getTickers", { pair: ["XBTZAR", "ETHZAR"] });
  assert.equal(request.method, "GET");
  assert.equal(request.url, "https://exchange.example/api/1/tickers?pair=XBTZAR&pair=ETHZAR");
  assert.equal(request.body, undefined);
});

Deno.test("buildRequest() puts a write's parameters into a form body and omits those not given", () => {
  const request = build("postLimitOrder", { ...limitOrder, post_only: true, client_order_id: undefined });
  assert.equal(request.method, "POST");
  assert.equal(request.url, "https://exchange.example/api/1/postorder");
  assert.equal(request.body, "pair=XBTZAR&type=BID&volume=0.001&price=1300000&post_only=true");
  assert.equal(request.headers["content-type"], "application/x-www-form-urlencoded");
});

Deno.test("buildRequest() fills an id into the path and does not repeat it", () => {
  assert.equal(
    build("listTransactions", { id: "8557520073699984185", min_row: -100, max_row: 0 }).url,
    "https://exchange.example/api/1/accounts/8557520073699984185/transactions?min_row=-100&max_row=0",
  );
  assert.equal(build("updateAccountName", { id: "12", name: "Röck & Roll=" }).body, "name=R%C3%B6ck+%26+Roll%3D");
});

Deno.test("buildRequest() sends a zero and a false that were given", () => {
  assert.match(build("getFundingAddress", { asset: "ETH", network: 0 }).url, /network=0$/);
  assert.match(build("listOrders", { closed: false }).url, /closed=false$/);
});

Deno.test("buildRequest() names every invalid field and sends nothing", () => {
  const message = problemOf("listOrders", { pair: "btc/zar", limit: 1001, creatd_before: 1 });
  assert.match(message, /^Cannot list orders as its arguments are wrong: /);
  for (const field of ["pair", "limit", "creatd_before"]) assert.ok(message.includes(field), field);
});

for (
  const [what, name, params, field] of [
    ["an exponent in a decimal", "postLimitOrder", { ...limitOrder, volume: "1e-3" }, "volume"],
    ["a decimal as a number", "postLimitOrder", { ...limitOrder, price: 1300000 }, "price"],
    ["a volume of zero", "postLimitOrder", { ...limitOrder, volume: "0.000" }, "volume"],
    ["a negative price", "postLimitOrder", { ...limitOrder, price: "-1" }, "price"],
    ["post_only with IOC", "postLimitOrder", { ...limitOrder, post_only: true, time_in_force: "IOC" }, "post_only"],
    ["stop_price alone", "postLimitOrder", { ...limitOrder, stop_price: "1" }, "stop_direction"],
    ["ttl without timestamp", "postLimitOrder", { ...limitOrder, ttl: 1000 }, "ttl"],
    ["a client_order_id with a space", "postLimitOrder", { ...limitOrder, client_order_id: "a b" }, "client_order_id"],
    ["BUY as the side of a limit order", "postLimitOrder", { ...limitOrder, type: "BUY" }, "type"],
    ["a market BUY by base", "postMarketOrder", { pair: "XBTZAR", type: "BUY", base_volume: "1" }, "counter_volume"],
    [
      "a market SELL by counter",
      "postMarketOrder",
      { pair: "XBTZAR", type: "SELL", counter_volume: "1" },
      "base_volume",
    ],
    ["neither id of an order", "getOrder", {}, "id"],
    ["both ids of an order", "getOrder", { id: "BX1", client_order_id: "a" }, "id"],
    ["an id that would leave the path", "getOrderV2", { id: "../balance" }, "id"],
    ["more than 1000 rows", "listTransactions", { id: "1", min_row: 1, max_row: 1002 }, "max_row"],
    ["an odd candle length", "getCandles", { pair: "XBTZAR", since: 0, duration: 120 }, "duration"],
    [
      "a tag without its flag",
      "validateAddress",
      { address: "r", currency: "XRP", destination_tag: 0 },
      "has_destination_tag",
    ],
  ] as const
) {
  Deno.test(`buildRequest() refuses ${what} before anything is sent`, () =>
    assert.ok(problemOf(name, params).includes(field)));
}

Deno.test("basicAuthorization() encodes id and secret as RFC 7617 specifies", () => {
  assert.equal(basicAuthorization("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  assert.equal(basicAuthorization("test", "123£"), "Basic dGVzdDoxMjPCow==");
});
