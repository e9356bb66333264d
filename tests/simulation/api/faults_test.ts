import assert from "node:assert/strict";
import { isLunoErrorCode, LUNO_ERRORS } from "../../../src/exchange/luno_errors.ts";
import { ConnectionReset } from "../../../src/simulation/api/fault_effects.ts";
import { type FaultRule, Faults } from "../../../src/simulation/api/faults.ts";
import { openSimulation, type SimulatedClient, START_MS } from "../simulated_client.ts";

const TICKER = "/api/1/ticker?pair=XBTZAR";
const ORDER = { pair: "XBTZAR", type: "BID", volume: "0.001", price: "1000000", client_order_id: "k" };

function faulty(...faults: FaultRule[]): SimulatedClient {
  return openSimulation({ faults });
}

async function wasPlaced(client: SimulatedClient): Promise<boolean> {
  client.api.faults.set([]);
  return (await client.get("/api/exchange/3/order?client_order_id=k")).status === 200;
}

Deno.test("a luno_error fault returns every known code with its status and text", async () => {
  const client = openSimulation();
  for (const [code, { status, message }] of Object.entries(LUNO_ERRORS)) {
    assert.ok(isLunoErrorCode(code));
    client.api.faults.set([{ kind: "luno_error", code }]);
    const answer = await client.get(TICKER);
    assert.deepEqual([answer.status, answer.json], [status, { error: message, error_code: code }]);
  }
});

Deno.test("too_many_requests answers 429 with Retry-After and keeps the request from taking effect", async () => {
  const client = faulty({ kind: "too_many_requests", retryAfterSeconds: 7, path: "/api/1/postorder" });
  const answer = await client.post("/api/1/postorder", ORDER);
  assert.deepEqual([answer.status, answer.headers.get("retry-after")], [429, "7"]);
  assert.equal(answer.json.error_code, "ErrTooManyRequests");
  assert.equal(await wasPlaced(client), false);
});

for (
  const [name, fault, status] of [
    ["server_error", { kind: "server_error", status: 503 }, 503],
    ["html", { kind: "html" }, 502],
    ["luno_error", { kind: "luno_error", code: "ErrInternal" }, 500],
    ["empty_body", { kind: "empty_body" }, 200],
  ] as const
) {
  for (const when of ["before", "after"] as const) {
    Deno.test(`${name} occurs ${when} an order takes effect`, async () => {
      const client = faulty({ ...fault, when });
      const answer = await client.post("/api/1/postorder", ORDER);
      assert.equal(answer.status, status);
      assert.equal(answer.json?.order_id, undefined);
      assert.equal(await wasPlaced(client), when === "after");
    });
  }
}

for (const when of ["before", "after"] as const) {
  Deno.test(`reset occurs ${when} an order takes effect`, async () => {
    const client = faulty({ kind: "reset", when, times: 1 });
    await assert.rejects(client.post("/api/1/postorder", ORDER), ConnectionReset);
    assert.equal(await wasPlaced(client), when === "after");
  });
}

Deno.test("html answers an error page of the edge, truncated_json half an answer, wrong_json another document", async () => {
  const page = await faulty({ kind: "html" }).get(TICKER);
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  assert.match(page.text, /<html>/);
  const cut = await faulty({ kind: "truncated_json" }).get(TICKER);
  assert.deepEqual([cut.status, cut.json], [200, undefined]);
  assert.match(cut.text, /^\{"pair":"XBTZAR"/);
  assert.deepEqual((await faulty({ kind: "wrong_json" }).get(TICKER)).json, ["unexpected"]);
});

Deno.test("wrong_types keeps the fields and changes the type of each value", async () => {
  const { json } = await faulty({ kind: "wrong_types" }).get(TICKER);
  const whole = (await faulty().get(TICKER)).json;
  assert.deepEqual([json.bid, json.last_trade], [Number(whole.bid), Number(whole.last_trade)]);
  assert.deepEqual(json.pair, ["XBTZAR"]);
  assert.equal(json.timestamp, String(START_MS));
});

Deno.test("stale returns earlier states to reads, and does not affect writes", async () => {
  const client = openSimulation();
  client.clock.now += 60_000;
  await client.post("/api/1/postorder", ORDER);
  const fresh = (await client.get(TICKER)).json.timestamp;
  client.api.faults.set([{ kind: "stale", ms: 30_000 }]);
  assert.equal((await client.get(TICKER)).json.timestamp, fresh - 30_000);
  assert.equal((await client.get("/api/exchange/3/order?client_order_id=k")).json.error_code, "ErrOrderNotFound");
  client.clock.now += 30_000;
  assert.equal((await client.get("/api/exchange/3/order?client_order_id=k")).json.status, "PENDING");
});

Deno.test("delay holds a request back and then lets the next fault occur", async () => {
  const client = faulty({ kind: "delay", ms: 1 }, { kind: "server_error" });
  assert.equal((await client.get(TICKER)).status, 500);
});

Deno.test("a rule affects only its method and path, and only as often as it says", async () => {
  const client = faulty({ kind: "server_error", method: "GET", path: "/api/1/tick*", times: 2 });
  assert.equal((await client.post("/api/1/postorder", ORDER)).status, 200);
  assert.equal((await client.get("/api/1/balance")).status, 200);
  const statuses = [];
  for (let call = 0; call < 3; call++) statuses.push((await client.get(TICKER)).status);
  assert.deepEqual(statuses, [500, 500, 200]);
});

Deno.test("Faults.draw() with a probability occurs about as often, and the same way for the same seed", () => {
  const strikes = (seed: number) => {
    const faults = new Faults(seed);
    faults.set([{ kind: "truncated_json", probability: 0.3 }]);
    return Array.from({ length: 1_000 }, () => faults.draw("GET", "/").length);
  };
  const struck = strikes(1).filter((count) => count > 0).length;
  assert.ok(struck > 240 && struck < 360, String(struck));
  assert.deepEqual(strikes(1), strikes(1));
  assert.notDeepEqual(strikes(1), strikes(2));
});

Deno.test("/_sim/faults reads, replaces and clears the rules, and is never affected itself", async () => {
  const client = openSimulation();
  const send = async (method: string, body?: string) => {
    const request = new Request("http://exchange.test/_sim/faults", { method, body: body ?? null });
    const response = await client.api.handle(request);
    return { status: response.status, json: await response.json() };
  };
  const put = await send("PUT", JSON.stringify([{ kind: "server_error", times: 2 }]));
  assert.deepEqual(put, { status: 200, json: [{ kind: "server_error", times: 2, when: "before", status: 500 }] });
  assert.equal((await client.get(TICKER)).status, 500);
  assert.equal((await send("GET")).json[0].times, 1);
  assert.deepEqual(await send("DELETE"), { status: 200, json: [] });
  assert.equal((await client.get(TICKER)).status, 200);
});

Deno.test("/_sim/faults reports every problem at once and changes nothing", async () => {
  const client = faulty({ kind: "server_error" });
  const rules = [{ kind: "delay" }, { kind: "luno_error", code: "ErrNope" }, { kind: "reset", extra: 1 }];
  const request = new Request("http://exchange.test/_sim/faults", { method: "PUT", body: JSON.stringify(rules) });
  const response = await client.api.handle(request);
  const { problems } = await response.json();
  assert.equal(response.status, 400);
  assert.deepEqual(problems.map((problem: string) => problem.split(":")[0]), ["0.ms", "1.code", "2"]);
  assert.equal((await client.get(TICKER)).status, 500);
  const garbage = new Request("http://exchange.test/_sim/faults", { method: "PUT", body: "{" });
  assert.equal((await client.api.handle(garbage)).status, 400);
});

Deno.test("createApi() does not start with an invalid fault", () => {
  assert.throws(() => faulty({ kind: "delay", ms: -1 }), RangeError);
});

Deno.test("faults of streams affect messages and no requests, faults of requests no messages", () => {
  const faults = new Faults(1);
  faults.set([{ kind: "stream_gap", times: 1 }, { kind: "server_error" }, { kind: "stream_burst", updates: 4 }]);
  const path = "/api/1/stream/XBTZAR";
  assert.deepEqual(faults.draw("GET", path).map(({ kind }) => kind), ["server_error"]);
  assert.deepEqual(faults.drawFrame(path, "snapshot"), []);
  assert.deepEqual(faults.drawFrame(path, "update").map(({ kind }) => kind), ["stream_gap"]);
  assert.deepEqual(faults.drawFrame(path, "update"), []);
  assert.deepEqual(faults.drawBursts(path, { sinceMs: 0, nowMs: 1_000 }).map(({ updates }) => updates), [4]);
});
