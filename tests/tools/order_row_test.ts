import assert from "node:assert/strict";
import { Order } from "../../src/exchange/order_schemas.ts";
import { ORDER_FIELDS, OrderRow, orderRow } from "../../src/tools/order_row.ts";

/** A limit order that nothing has happened to yet. */
const OPEN = Order.parse({
  order_id: "BXMC2CJ7HNB88U4",
  client_order_id: "",
  pair: "XBTZAR",
  side: "BUY",
  type: "LIMIT",
  status: "PENDING",
  time_in_force: "GTC",
  limit_price: "900000",
  limit_volume: "0.5",
  stop_price: "0",
  stop_direction: "",
  base: "0",
  counter: "0",
  fee_base: "0",
  fee_counter: "0",
  base_account_id: "1",
  counter_account_id: "2",
  creation_timestamp: 1_790_000_000_000,
  completed_timestamp: 0,
  expiration_timestamp: 0,
});

const CLOSED: Order = { ...OPEN, status: "COMPLETE", completed_timestamp: 1_790_000_001_000 };
Deno.test("orderRow() omits what does not apply to an order", () => {
  const row = OrderRow.parse(orderRow(OPEN));
  assert.deepEqual(JSON.parse(JSON.stringify(row)), {
    order_id: "BXMC2CJ7HNB88U4",
    pair: "XBTZAR",
    side: "BUY",
    type: "LIMIT",
    status: "open",
    price: "900000",
    volume: "0.5",
    filled_volume: "0",
    filled_value: "0",
    fee_base: "0",
    fee_counter: "0",
    time_in_force: "GTC",
    created: "2026-09-21T14:13:20.000Z",
  });
});

Deno.test("orderRow() shows what an order has traded, with an exact average price", () => {
  const row = orderRow({ ...CLOSED, base: "0.3", counter: "100000.1", fee_base: "0.0003" });
  assert.deepEqual([row.filled_volume, row.filled_value, row.fee_base], ["0.3", "100000.1", "0.0003"]);
  assert.equal(row.average_price, "333333.66666667");
  assert.equal(row.completed, "2026-09-21T14:13:21.000Z");
});

Deno.test("orderRow() shows stop orders and the client's own id, without its control characters", () => {
  const stop = {
    type: "STOP_LIMIT",
    stop_price: "850000",
    stop_direction: "BELOW",
    client_order_id: "my\u001b[1m id",
  } as const;
  const row = OrderRow.parse(orderRow({ ...OPEN, ...stop, status: "AWAITING" }));
  assert.deepEqual([row.type, row.stop_price, row.stop_direction, row.client_order_id, row.status], [
    "STOP_LIMIT",
    "850000",
    "BELOW",
    "my [1m id",
    "awaiting",
  ]);
});

Deno.test("ORDER_FIELDS names every column of an order once", () => {
  assert.deepEqual([...ORDER_FIELDS].toSorted(), Object.keys(OrderRow.shape).toSorted());
});
