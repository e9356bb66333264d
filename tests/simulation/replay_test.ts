import assert from "node:assert/strict";
import fc from "fast-check";
import { openSimulation } from "./simulated_client.ts";

const PAIRS = ["XBTZAR", "ETHZAR", "XBTUSDT"];
const pair = fc.constantFrom(...PAIRS);
const volume = fc.integer({ min: 500, max: 90_000 }).map((lots) => (lots / 1_000_000).toFixed(4));

const request = fc.oneof(
  fc.record({ path: fc.constant("/api/1/postorder"), form: limitOrder() }),
  fc.record({ path: fc.constant("/api/1/marketorder"), form: marketOrder() }),
  fc.record({ path: fc.constant("/api/1/stoporder"), form: fc.constant({ order_id: "BX222222222222A" }) }),
  pair.map((name) => ({ path: `/api/1/orderbook_top?pair=${name}`, form: null })),
  pair.map((name) => ({ path: `/api/1/listtrades?pair=${name}`, form: null })),
  fc.constantFrom("/api/1/balance", "/api/1/tickers", "/api/1/listorders", "/api/exchange/2/listorders?closed=true")
    .map((path) => ({ path, form: null })),
);

function limitOrder() {
  return fc.record({
    pair,
    type: fc.constantFrom("BID", "ASK"),
    volume,
    price: fc.constantFrom("1350000", "1340000", "1360000", "44000", "45000", "87000", "88000"),
    time_in_force: fc.constantFrom("GTC", "IOC", "FOK"),
  });
}

function marketOrder() {
  return fc.record({
    pair,
    type: fc.constantFrom("BUY", "SELL"),
    counter_volume: fc.constantFrom("500", "5000"),
    base_volume: volume,
  });
}

const story = fc.array(fc.record({ request, waitMs: fc.integer({ min: 0, max: 20_000 }) }), { maxLength: 20 });

Deno.test("the same seed, clock and requests give the same answers, byte for byte", async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.integer({ min: 1, max: 5 }), async (steps, seed) => {
      const faults = [{ kind: "truncated_json", probability: 0.1 }] as const;
      const tellings = [openSimulation({ seed, faults }), openSimulation({ seed, faults })];
      for (const { request, waitMs } of steps) {
        const [first, second] = await Promise.all(tellings.map(async (client) => {
          client.clock.now += waitMs;
          const { path, form } = request;
          const { status, headers, text } = await (form === null ? client.get(path) : client.post(path, form));
          return { status, headers: [...headers], text };
        }));
        assert.deepEqual(first, second);
      }
    }),
    { numRuns: 10 },
  );
});

Deno.test("another seed gives other prices, ids and traces", async () => {
  const answers = await Promise.all([1, 2].map((seed) => openSimulation({ seed }).get("/api/1/listorders")));
  const [first, second] = answers;
  assert.notEqual(first?.text, second?.text);
  assert.notEqual(first?.headers.get("x-luno-trace-id"), second?.headers.get("x-luno-trace-id"));
});

Deno.test("simulated time begins when the exchange is created, however late the first request arrives", async () => {
  const [early, late] = [openSimulation(), openSimulation()];
  await early.get("/api/1/tickers");
  const answers = await Promise.all([early, late].map(async (client) => {
    client.clock.now += 3_600_000;
    return (await client.get("/api/exchange/2/listorders?closed=true")).text;
  }));
  assert.equal(answers[0], answers[1]);
});
