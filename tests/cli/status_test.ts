/** `status`: what it shows of servers and trading in a state folder. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { kill } from "../../src/cli/kill.ts";
import { status } from "../../src/cli/status.ts";
import { HALT_FILE } from "../../src/trading/record/halts.ts";
import { entry, FREE, NOW, tamper, withStore } from "../trading/stores.ts";
import { PresentServer, REPORT } from "./present_server.ts";
import { runnerOf } from "./trading_commands.ts";

const run = runnerOf(status);

async function json(state: string) {
  const { code, stdout, stderr } = await run({ state }, { json: true });
  assert.deepEqual([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

Deno.test("status shows each server of the folder: its address, client, exchange and trading mode", () =>
  withStore(async (_store, { folder: state }) => {
    using _server = new PresentServer(state, {
      certificate_expires_at: NOW + 12.5 * 86_400_000,
      trading: { mode: "confirm", policy: null },
    });
    const { code, stdout, stderr } = await run({ state });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(
      stdout,
      `State folder ${state}
Process 4711 (serve), version 1.2.3, started 5 min ago
  WebSocket          ws://localhost:8765
  Streamable HTTP    http://localhost:8765/mcp
  listener           hardened
  authentication     required (keys)
  certificate        expires in 12 days
  exchange           live (api.luno.com), reachable for 4 min
  call budget        290 of 300 calls left in this minute
  calls              12 sent, saved: 3 by coalescing, 40 by the cache, 500 by streams
  stream XBTZAR      live, last confirmed 4 s ago, gaps: 1, reconnects: 2
  stream ETHZAR      NOT LIVE, nothing received yet, gaps: 0, reconnects: 0
  own orders (main)  NOT LIVE (session_limit), last heard 1 min ago, gaps: 1, reconnects: 3
  trading            confirm, without a policy: no limit to amounts
  connections        2
Trading
  halt               none
  awaiting approval  none
  limits used        none
`,
    );
    const { servers: [server] } = await json(state);
    assert.deepEqual([server.state, server.exchange.since], ["running", new Date(NOW - 240_000).toISOString()]);
  }));

Deno.test("status shows a server whose version does not count saved calls", () =>
  withStore(async (_store, { folder: state }) => {
    using server = new PresentServer(state);
    const { usage: _usage, ...exchange } = REPORT.exchange;
    await Deno.writeTextFile(join(state, "instances", `${server.id}.json`), JSON.stringify({ ...REPORT, exchange }));
    const { stdout } = await run({ state });
    assert.match(stdout, /call budget +290 of 300 calls left in this minute\n {2}trading/);
    assert.equal((await json(state)).servers[0].exchange.usage, null);
  }));

Deno.test("status shows an unreachable exchange, an expired certificate, and the clients admitted", () =>
  withStore(async (_store, { folder: state }) => {
    const exchange = { ...REPORT.exchange, reachable: false, since: NOW - 60_000, problem: "connection refused" };
    using _one = new PresentServer(state, {
      exchange,
      certificate_expires_at: NOW - 7_200_000,
      authentication: { methods: [], anonymous: "anybody" },
    });
    using _other = new PresentServer(state, {
      transport: "stdio",
      addresses: [],
      listener: null,
      authentication: null,
      exchange: { ...exchange, kind: "simulated", host: null, reachable: null, since: null, problem: null },
      trading: { mode: "off", policy: null },
    });
    const { stdout } = await run({ state });
    assert.match(stdout, /exchange +live \(api\.luno\.com\), UNREACHABLE for 1 min: connection refused$/m);
    assert.match(stdout, /certificate +EXPIRED 2 h ago$/m);
    assert.match(stdout, /authentication +off \(anonymous access for everybody who can connect\)$/m);
    assert.match(stdout, /transport +stdio$/m);
    assert.match(stdout, /exchange +simulated, not called yet$/m);
    assert.match(stdout, /trading +off \(read-only\)$/m);
  }));

Deno.test("status shows a server that died as gone, and one that does not answer as such", () =>
  withStore(async (_store, { folder: state }) => {
    new PresentServer(state, { pid: 12 }).die();
    using _stopped = new PresentServer(state, { updated_at: NOW - 120_000 });
    const { stdout } = await run({ state });
    assert.match(stdout, /^Process 4711 .*\n {2}WARNING +does not answer, last seen 2 min ago\n/m);
    assert.match(stdout, /^process 12 \(serve\): .* ended without saying so, last seen 0 s ago$/m);
    assert.deepEqual((await json(state)).servers.map(({ state }: { state: string }) => state), ["stale", "gone"]);
  }));

Deno.test("status --running exits with 0 when a server answers, and with 1 when none does", () =>
  withStore(async (_store, { folder: state }) => {
    const code = async () => (await run({ state, running: "true" })).code;
    assert.equal(await code(), 1);
    using stopped = new PresentServer(state, { updated_at: NOW - 120_000 });
    assert.equal(await code(), 1);
    using _other = new PresentServer(state, {});
    assert.equal(await code(), 0);
    stopped.die();
    assert.equal((await run({ state })).code, 0);
  }));

Deno.test("status shows the halt, the orders it left, and the limits used beside those of the server's policy", () =>
  withStore(async (store, { folder: state }) => {
    const policy = join(state, "policy.json");
    const rules = { mode: "auto", max_per_day: { currency: "ZAR", amount: "5000" }, max_open_orders: 3 };
    await Deno.writeTextFile(policy, JSON.stringify({ default: rules }), { mode: 0o600 });
    using _server = new PresentServer(state, { trading: { mode: "auto", policy } });
    store.journal.begin(entry("a"), FREE, NOW);
    store.journal.begin(entry("b"), FREE, NOW);
    store.halts.pull({ by: "terminal", reason: "odd", cancelOpen: ["main"], now: NOW });
    const { stdout } = await run({ state });
    assert.match(
      stdout,
      /halt +trading is HALTED since 2026-11-22T10:00:00.000Z by terminal: odd; open orders are still/,
    );
    assert.match(stdout, /limits used\n {4}\S+: today \S+ of 5000 ZAR, 2 of 3 open, 2 of 10 in the last minute$/m);
    assert.match(stdout, /were sent before and may still be placed:\n {4}lm-a/);
    const { trading } = await json(state);
    assert.deepEqual([trading.halt.halted, trading.cancel_open, trading.waiting_approvals], [true, true, 0]);
    const [used] = trading.limits_used;
    assert.deepEqual([used.open_orders, used.max_open_orders, used.max_per_day], [2, 3, rules.max_per_day]);
  }));

Deno.test("status and kill fit a terminal of 80 columns", () =>
  withStore(async (store, { folder: state }) => {
    using _server = new PresentServer(state, {
      trading: { mode: "auto", policy: join(state, `${"p".repeat(60)}.json`) },
    });
    new PresentServer(state, { pid: 12 }).die();
    store.journal.begin(entry("a"), FREE, NOW);
    const texts = [
      await runnerOf(kill)({ state }, { columns: 80 }),
      await runnerOf(kill)({ state, status: "true" }, { columns: 80 }),
      await run({ state }, { columns: 80 }),
      await runnerOf(kill)({ state, lift: "true" }, { columns: 80 }),
    ].map(({ stdout }) => stdout);
    for (const line of texts.join("").split("\n")) assert.ok(line.length <= 80, line);
  }));

Deno.test("status creates nothing, and describes a folder without servers and without a record", () =>
  withStore(async (_store, { folder }) => {
    const state = join(folder, "new");
    const missing = await run({ state });
    assert.deepEqual([missing.code, missing.stdout], [2, ""]);
    const own = await run({}, { env: { XDG_STATE_HOME: state } });
    assert.match(own.stdout, /^State folder \S+ \(it does not exist yet\)\nNo running server uses it\n$/);
    await assert.rejects(Deno.stat(state), Deno.errors.NotFound);
    await Deno.mkdir(state, { mode: 0o700 });
    await Deno.writeTextFile(join(state, HALT_FILE), "");
    assert.match((await run({ state })).stdout, /halt +trading is HALTED since .* by file/);
    assert.deepEqual((await json(state)).servers, []);
    assert.deepEqual((await Array.fromAsync(Deno.readDir(state))).map(({ name }) => name), [HALT_FILE]);
  }));

Deno.test("status shows the servers when the record or the policy cannot be read, says why, and exits with 1", () =>
  withStore(async (_store, { folder: state }) => {
    using _server = new PresentServer(state, { trading: { mode: "auto", policy: join(state, "none.json") } });
    tamper(state, "PRAGMA user_version = 99");
    const { code, stdout } = await run({ state });
    assert.equal(code, 1);
    assert.match(stdout, /^Process 4711/m);
    assert.match(stdout, /^Problem: Cannot open .* as it was written by a newer version/m);
    assert.match(stdout, /^Problem: --policy: /m);
  }));
