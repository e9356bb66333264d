/** Servers on separate machines that share one record: what one of them knows, decides or leaves undone, all do. */

import assert from "node:assert/strict";
import type { Row } from "../../src/state/row.ts";
import { lookUntil } from "../support/look_until.ts";
import type { Json } from "../support/exchange.ts";
import { Cluster, place, settled } from "./cluster.ts";
import { runProgram, SHIPPED } from "./program.ts";
import { callTool } from "./trading_world.ts";

for (const program of SHIPPED) {
  Deno.test(`servers on one database: a key returns the same order everywhere, and limits are common (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const policy = await cluster.world.policy({ default: { mode: "auto", max_open_orders: 3 } });
    const [one, other] = [await cluster.serve(...policy), await cluster.serve(...policy)];
    const order = { ...await cluster.world.resting(), idempotency_key: "order-1" };
    const first = await place(one, order);
    assert.equal(first.status, "placed", JSON.stringify(first));
    assert.deepEqual(await place(other, order), { ...first, repeated: true });
    const outcomes = await Promise.all(
      [one, other, one, other].map(async (server, number) =>
        (await place(server, { ...await cluster.world.resting(), idempotency_key: `race-${number}` })).status
      ),
    );
    assert.equal(outcomes.filter((status) => status === "placed").length, 2, JSON.stringify(outcomes));
    assert.equal(cluster.world.orders.length, 3);
    await assertVerified(cluster);
  });

  Deno.test(`servers on one database: a halt from any machine stops all of them, and resume lifts it (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const [one, other] = [await cluster.serve(), await cluster.serve()];
    const halted = JSON.parse(await cluster.command("kill", "--json", "--reason", "enough"));
    const pids = [one, other].map(({ child }) => child.pid);
    assert.deepEqual(halted.servers_elsewhere.map(({ pid }: Json) => pid), pids);
    const words = await cluster.command("kill", "--reason", "enough");
    for (const pid of pids) assert.match(words, new RegExp(`used from 127\\.0\\.0\\.1 by process ${pid} \\(serve\\)`));
    const shown = JSON.parse(await cluster.command("kill", "--status", "--json"));
    assert.deepEqual(shown.servers_elsewhere.map(({ pid }: Json) => pid), pids);
    for (const server of [one, other]) {
      assert.equal((await place(server, await cluster.world.resting())).code, "ERR_TRADING_HALTED");
    }
    assert.equal(JSON.parse(await cluster.command("status", "--json")).trading.halt.halted, true);
    await cluster.command("resume");
    for (const server of [one, other]) {
      assert.equal((await place(server, await cluster.world.resting())).status, "placed");
    }
  });

  Deno.test(`servers on one database: a published policy takes effect on all of them, and no order is sent under an older one (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const publish = (content: object) => cluster.publish("policy", content);
    await publish({ default: { mode: "auto" } });
    const [one, other] = [await cluster.serve(), await cluster.serve()];
    for (const server of [one, other]) {
      assert.equal((await place(server, await cluster.world.resting())).status, "placed");
    }
    const resting = await cluster.world.resting();
    // A frozen server receives nothing: requests meanwhile are handled right after it continues.
    other.child.kill("SIGSTOP");
    const late = place(other, resting);
    await publish({ default: { mode: "auto", sides: ["SELL"] } });
    other.child.kill("SIGCONT");
    const refused = await late;
    // On a slow machine its lease may have expired too.
    assert.notEqual(refused.status, "placed", JSON.stringify(refused));
    await Promise.all([one, other].map((server) => server.said(/published policy file in force.*version=2/)));
    for (const server of [one, other]) {
      assert.equal((await place(server, await cluster.world.resting())).code, "ERR_POLICY_SIDE");
    }
    assert.equal(cluster.world.orders.length, 2);
    const { servers_elsewhere: servers } = JSON.parse(await cluster.command("status", "--json"));
    const shown = servers.map(({ state, version, address, renewed_at, trading }: Json) => [
      ...[state, typeof version, address, typeof renewed_at, trading.published.version],
    ]);
    assert.deepEqual(shown, [0, 1].map(() => ["running", "string", "127.0.0.1", "string", 2]));

    await cluster.postgres.kill();
    await one.said(/cannot look for a new policy file; keeping the one in force/);
    await cluster.postgres.restart();
    await publish({ default: { mode: "auto" } });
    await Promise.all([one, other].map((server) => server.said(/published policy file in force.*version=3/)));
    assert.equal((await place(other, await cluster.world.resting())).status, "placed");
    await assertVerified(cluster);
  });

  Deno.test(`servers on one database: a policy file beside a published one stops the start, or the orders of a running server (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const file = await cluster.world.policy({ default: { mode: "auto" } });
    const running = await cluster.serve(...file);
    await cluster.publish("policy", { default: { mode: "auto" } });
    await running.said(/orders are refused here until a restart without --policy/);
    const refused = await place(running, await cluster.world.resting());
    assert.equal(refused.code, "ERR_POLICY_NOT_IN_FORCE", JSON.stringify(refused));
    assert.equal(cluster.world.orders.length, 0);
    const { code, stderr } = await cluster.run("--trading", "auto", "--api-url", cluster.world.exchange.url, ...file);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--policy: expected no file, as version 1 of it was published/);
  });

  Deno.test(`servers on one database: a published access file takes effect on all of them within a second (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const [one, other] = [await cluster.serve(), await cluster.serve()];
    assert.equal((await callTool(one, "get_ticker", { pair: "XBTZAR" })).pair, "XBTZAR");
    await cluster.publish("access", { identities: { local: { scopes: ["account:read"] } } });
    for (const server of [one, other]) {
      await server.said(/published access file in force.*version=1/);
      assert.equal((await callTool(server, "get_ticker", { pair: "XBTZAR" })).code, "ERR_SCOPE_MISSING");
    }
    const file = await cluster.write("access", {});
    const { code, stderr } = await cluster.run("--transport", "websocket", "--access", file, "--port", "0");
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--access: expected no file, as version 1 of it was published/);
  });

  Deno.test(`servers on one database: they share a paper account, which outlives each of them (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const [one, other] = [await cluster.servePaper(), await cluster.servePaper()];
    const order = { ...await cluster.world.resting(), idempotency_key: "order-1" };
    const placed = await place(one, order);
    assert.deepEqual([placed.status, placed.paper], ["placed", true], JSON.stringify(placed));
    assert.deepEqual(await place(other, order), { ...placed, repeated: true });
    const bought = await place(other, { pair: "XBTZAR", side: "BUY", type: "market", counter_volume: "1000" });
    assert.equal(bought.status, "placed", JSON.stringify(bought));
    const balances = async (server: typeof one) =>
      (await callTool(server, "get_accounts", {})).accounts as { currency: string; balance: string }[];
    assert.deepEqual(await balances(one), await balances(other));
    one.child.kill("SIGKILL");
    const open = (await callTool(other, "get_open_orders", {})).orders;
    assert.deepEqual(open.map(({ order_id }: { order_id: string }) => order_id), [placed.order_id]);
    assert.equal((await callTool(other, "cancel_order", { order_id: placed.order_id })).status, "cancelled");
    assert.equal(cluster.world.sent.length, 0);
    await cluster.command("paper", "reset", "--client", "local");
    const [zar] = (await balances(other)).filter(({ currency }) => currency === "ZAR");
    assert.equal(Number(zar?.balance), 100_000, JSON.stringify(zar));
  });

  Deno.test(`servers on one database: while it is away no order is sent, market data continues, and everything recovers by itself (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const server = await cluster.serve();
    const { order_id, status } = await place(server, await cluster.world.resting());
    assert.equal(status, "placed");
    await cluster.postgres.kill();
    const cancelled = await callTool(server, "cancel_order", { order_id });
    assert.equal(cancelled.status, "cancelled", JSON.stringify(cancelled));
    const sent = cluster.world.sent.length;
    const refused = await place(server, await cluster.world.resting());
    assert.equal(refused.code, "ERR_RECORD_FAILED", JSON.stringify(refused));
    assert.match(JSON.stringify(refused), /Cannot reach the trading database/);
    assert.equal(cluster.world.sent.length, sent);
    const ticker = await callTool(server, "get_ticker", { pair: "XBTZAR" });
    assert.equal(ticker.pair, "XBTZAR");
    await cluster.postgres.restart();
    assert.equal((await place(server, await cluster.world.resting())).status, "placed");
  });

  Deno.test(`servers on one database: while its disk is full no order is sent, cancels and market data continue, and everything recovers by itself (${program.name})`, async () => {
    await using cluster = await Cluster.start(program, { diskMib: 160 });
    const server = await cluster.serve();
    const { order_id, status } = await place(server, await cluster.world.resting());
    assert.equal(status, "placed");
    await cluster.postgres.disk.fill();
    const resting = await cluster.world.resting();
    const isRefused = ({ code }: Json) => code === "ERR_RECORD_FAILED";
    // Pages that its tables already have can hold a few more rows.
    const refused = await lookUntil(isRefused, () => place(server, resting), "orders go on on a full disk");
    assert.match(refused.detail, /the disk is full: free some space/);
    const sent = cluster.world.sent.length;
    const again = await Promise.all([1, 2, 3].map(() => place(server, resting)));
    // What was rolled back may have left room for one.
    const left = again.filter((answer) => !isRefused(answer));
    assert.deepEqual(left.map(({ status }) => status), left.map(() => "placed"), JSON.stringify(again));
    assert.equal(cluster.world.sent.length, sent + left.length);
    const cancelled = await callTool(server, "cancel_order", { order_id });
    assert.equal(cancelled.status, "cancelled", JSON.stringify(cancelled));
    assert.equal((await callTool(server, "get_ticker", { pair: "XBTZAR" })).pair, "XBTZAR");

    await cluster.postgres.disk.free();
    assert.equal((await place(server, resting)).status, "placed");
    await assertVerified(cluster);

    const before = cluster.world.sent.length;
    // Without room for its write-ahead log it ends itself, and is started again once there is room.
    await cluster.postgres.disk.fill();
    const write = () => cluster.query("SELECT pg_logical_emit_message(true, '', ''), pg_switch_wal()");
    await lookUntil(
      (isGone) => isGone,
      () => write().then(() => false, () => true),
      "the log takes more on a full disk",
    );
    const gone = await place(server, resting);
    assert.deepEqual([gone.code, cluster.world.sent.length], ["ERR_RECORD_FAILED", before], JSON.stringify(gone));
    await cluster.postgres.kill();
    await cluster.postgres.disk.free();
    await cluster.postgres.restart();
    assert.equal((await place(server, resting)).status, "placed");
    await assertVerified(cluster);
  });

  Deno.test(`servers on one database: another server finds what a killed one has sent, and the key returns it (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const [one, other] = [await cluster.serve(), await cluster.serve()];
    const order = { ...await cluster.world.resting(), idempotency_key: "order-1" };
    const { exchange } = cluster.world;
    exchange.fault = ({ path }) => {
      if (!path.endsWith("postorder")) return undefined;
      one.child.kill("SIGKILL");
      return { kind: "cut", when: "after" };
    };
    await assert.rejects(place(one, order));
    exchange.fault = () => undefined;
    const found = await settled(other, order);
    assert.deepEqual([found.status, found.repeated], ["placed", true], JSON.stringify(found));
    assert.deepEqual(cluster.world.orders.map(({ id }) => id), [found.order_id]);
  });

  Deno.test(`servers on one database: a server that is frozen for longer than its lease sends nothing late, another takes over, and it recovers by itself (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const [one, other] = [await cluster.serve(), await cluster.serve()];
    const order = { ...await cluster.world.resting(), idempotency_key: "order-1" };
    const { exchange } = cluster.world;
    exchange.fault = ({ path }) => {
      if (!path.endsWith("postorder")) return undefined;
      one.child.kill("SIGSTOP");
      return { kind: "late", ms: 0 };
    };
    const lost = place(one, order);
    try {
      const told = await settled(other, order);
      assert.equal(told.status, "not_placed", JSON.stringify(told));
      exchange.fault = () => undefined;
      // Its request arrives only now, as one would that it had recorded before it was stopped.
      await exchange.advance(0);
      assert.deepEqual(cluster.world.orders, []);
      // It is no longer registered, and what it left undone belongs to the other.
      const listed = () => cluster.query("SELECT pid FROM luno_mcp.instances");
      const isTaken = (rows: Row[]) => rows.every(({ pid }) => Number(pid) !== one.child.pid);
      await lookUntil(isTaken, listed, "nobody takes over from a server that is stopped");
      assert.equal((await place(other, { ...order, idempotency_key: "order-3" })).status, "placed");
    } finally {
      one.child.kill("SIGCONT");
    }
    assert.equal((await lost).status, "not_placed");
    assert.equal(cluster.world.orders.length, 1);
    // It has registered again by itself.
    assert.equal((await settled(one, { ...order, idempotency_key: "order-2" })).status, "placed");
  });

  Deno.test(`servers on one database: a database restored from an older copy is noticed before an order is sent (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const server = await cluster.serve();
    const order = { ...await cluster.world.resting(), idempotency_key: "order-1" };
    await cluster.postgres.fallBack(async () => {
      assert.equal((await settled(server, order)).status, "placed");
    });
    const isRefused = ({ detail = "" }: { detail?: string }) => detail.includes("lacks rows of the audit log");
    await lookUntil(isRefused, () => place(server, order), "the older copy is not noticed");
    await server.said(/lacks rows that this machine has seen/);
    assert.equal(cluster.world.orders.length, 1);
    assert.equal((await callTool(server, "get_ticker", { pair: "XBTZAR" })).pair, "XBTZAR");
    await cluster.command("kill", "--reason", "restored");
  });

  Deno.test(`servers on one database: a server with another key of the exchange is refused (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    await cluster.serve();
    const env = { ...cluster.env, LUNO_API_KEY: "another-key-1", LUNO_API_SECRET: "another-secret-2" };
    const folder = await Deno.makeTempDir();
    try {
      const args = ["--trading", "auto", "--state", folder, "--api-url", cluster.world.exchange.url];
      const { code, stderr } = await runProgram(program, args, { env });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /--state-url: expected the database of .* with key [0-9a-f]{12}: it is of .* with key/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** Checks that nothing in the audit log is missing or changed. */
async function assertVerified(cluster: Cluster): Promise<void> {
  const verified = JSON.parse(await cluster.command("audit", "verify", "--json"));
  assert.equal(verified.ok, true, JSON.stringify(verified));
}
