import assert from "node:assert/strict";
import { CallBudget } from "../../src/exchange/budget.ts";
import { everyTool, TestExchange } from "../support/exchange.ts";
import { SCOPES } from "../../src/access/scopes.ts";
import { callerOf } from "../support/callers.ts";

const PERMISSIONS = [
  "Perm_R_Balance",
  "Perm_R_Beneficiaries",
  "Perm_R_Orders",
  "Perm_R_Transactions",
  "Perm_R_Transfers",
  "Perm_R_Withdrawals",
];

function all(verdict: string, names: readonly string[] = PERMISSIONS): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, verdict]));
}

for (const key of ["trading", "readOnly"] as const) {
  Deno.test(`check_api_health lists what the ${key} key may read`, async () => {
    await using exchange = await TestExchange.start();
    const budget = new CallBudget({ limitPerMinute: 300 });
    const health = await exchange.answer("check_api_health", {}, exchange.connect({ key, budget }));
    assert.deepEqual([health.reachable, health.problem, health.credentials], [true, undefined, "accepted"]);
    assert.deepEqual(health.permissions, all("granted"));
    assert.deepEqual([health.calls_left, health.calls_per_minute], [293, 300]);
    assert.ok(health.latency_ms >= 0);
  });
}

Deno.test("check_api_health says that a key without permissions is accepted and may read nothing", async () => {
  await using exchange = await TestExchange.start();
  const health = await exchange.answer("check_api_health", {}, exchange.connect({ key: "marketOnly" }));
  assert.equal(health.credentials, "accepted");
  assert.ok(Object.values(health.permissions).every((verdict) => verdict === "refused"));
});

Deno.test("check_api_health says that a revoked and a wrong key are refused, and that public data is available", async () => {
  await using exchange = await TestExchange.start();
  const wrong = { credentials: { id: "simulated_key", secret: "wrong" } };
  for (const settings of [{ key: "revoked" }, wrong] as const) {
    const health = await exchange.answer("check_api_health", {}, exchange.connect(settings));
    assert.deepEqual([health.reachable, health.credentials], [true, "refused"]);
    assert.ok(!Object.values(health.permissions).includes("granted"));
  }
});

Deno.test("check_api_health without a key says so and reads nothing private", async () => {
  await using exchange = await TestExchange.start();
  const health = await exchange.answer("check_api_health", {}, exchange.connect({ key: null }));
  assert.deepEqual([health.reachable, health.credentials, health.permissions], [true, "missing", {}]);
});

Deno.test("check_api_health with permissions: false omits them", async () => {
  await using exchange = await TestExchange.start();
  const health = await exchange.answer("check_api_health", { permissions: false });
  assert.deepEqual([health.credentials, health.permissions], ["unknown", {}]);
});

Deno.test("check_api_health reports the clock skew to about a second", async () => {
  await using exchange = await TestExchange.start();
  const behind = exchange.connect({ wallClock: () => Date.now() - 3_600_000 });
  const { clock_skew_ms } = await exchange.answer("check_api_health", {}, behind);
  assert.ok(Math.abs(clock_skew_ms - 3_600_000) <= 60_000, String(clock_skew_ms));
  assert.equal(clock_skew_ms % 1_000, 0);
});

Deno.test("check_api_health reports that the exchange is down instead of failing", async () => {
  await using exchange = await TestExchange.start();
  const ticker = { path: "/api/1/ticker" } as const;
  const faults = [
    { ...ticker, kind: "server_error", status: 503, when: "before" },
    { ...ticker, kind: "html", status: 502, when: "before" },
    { ...ticker, kind: "html", status: 200, when: "before" },
    { ...ticker, kind: "truncated_json" },
    { ...ticker, kind: "empty_body", when: "before" },
  ] as const;
  for (const fault of faults) {
    exchange.simulation.faults.set([fault]);
    const health = await exchange.answer("check_api_health", {}, exchange.connect());
    assert.deepEqual([health.reachable, health.credentials, health.permissions], [false, "unknown", {}], fault.kind);
    assert.match(health.problem, /^Cannot read the ticker/);
  }
  await exchange.simulation.stop();
  const down = await exchange.answer("check_api_health", {}, exchange.connect());
  assert.deepEqual([down.reachable, down.latency_ms], [false, undefined]);
  assert.match(down.problem, /cannot be reached: connection refused$/);
  assert.match(down.host, /^127\.0\.0\.1:\d+$/);
  assert.ok(Date.parse(down.since) <= Date.now());
  assert.deepEqual([down.trading, down.halted], ["off", undefined]);
});

Deno.test("check_api_health reports no permission that a read has not shown", async () => {
  await using exchange = await TestExchange.start();
  for (
    const fault of [
      { kind: "html", status: 403, when: "before" },
      { kind: "html", status: 200, when: "before" },
      { kind: "too_many_requests", body: "json" },
      { kind: "server_error", status: 500, when: "before" },
    ] as const
  ) {
    exchange.simulation.faults.set([{ ...fault, path: "/api/*/listorders" }, {
      ...fault,
      path: "/api/exchange/*/listorders",
    }]);
    const health = await exchange.answer("check_api_health", {}, exchange.connect());
    assert.deepEqual(health.permissions, { ...all("granted"), Perm_R_Orders: "unknown" }, fault.kind);
  }
});

Deno.test("check_api_health reports what was wrong with an exchange that it reached", async () => {
  await using exchange = await TestExchange.start();
  exchange.simulation.faults.set([{ kind: "too_many_requests", path: "/api/1/ticker", body: "json" }]);
  const { reachable, problem } = await exchange.answer("check_api_health");
  assert.equal(reachable, true);
  assert.match(problem, /accepts no more calls for now/);
});

Deno.test("describe_capabilities lists what this server offers without calling the exchange", async () => {
  await using exchange = await TestExchange.start();
  const context = exchange.connect({ key: null, url: "http://127.0.0.1:1" });
  const { tools, ...facts } = await exchange.answer("describe_capabilities", {}, context);
  assert.deepEqual(facts, {
    server: "luno-mcp-server",
    version: "0.0.0",
    exchange: "simulated",
    credentials: false,
    trading: "off",
    caller: { identity: "local", scopes: [...SCOPES] },
  });
  assert.deepEqual(tools, everyTool.listed.map(({ name, scope }) => ({ name, scope })));
});

Deno.test("describe_capabilities shows a caller its own scopes, and the tools that they allow", async () => {
  await using exchange = await TestExchange.start();
  const context = { ...exchange.context, caller: callerOf("key:alice", ["market:read"]) };
  const { caller, tools } = await exchange.answer("describe_capabilities", {}, context);
  assert.deepEqual(caller, { identity: "key:alice", scopes: ["market:read"] });
  const allowed = everyTool.listed.filter(({ scope }) => scope === "market:read");
  assert.deepEqual(tools.map(({ name }: { name: string }) => name), allowed.map(({ name }) => name));
});
