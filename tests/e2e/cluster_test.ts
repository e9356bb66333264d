/** Servers on machines of their own that share one record: what one of them knows, decides or leaves undone, all do. */

import assert from "node:assert/strict";
import { PostgresServer } from "../state/postgres_server.ts";
import type { Json } from "../support/exchange.ts";
import { PROGRAMS, runProgram } from "./program.ts";
import type { Program } from "./program.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";
import { callTool, TradingWorld } from "./trading_world.ts";

/** Two servers, each with a state folder of its own, on one database and one account. */
class Cluster implements AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly world: TradingWorld;
  readonly #program: Program;
  readonly #folders: string[] = [];
  readonly #database: string;
  readonly #servers: RunningServer[] = [];

  private constructor(parts: { postgres: PostgresServer; world: TradingWorld; program: Program; database: string }) {
    this.postgres = parts.postgres;
    this.world = parts.world;
    this.#program = parts.program;
    this.#database = parts.database;
  }

  static async start(program: Program): Promise<Cluster> {
    const [postgres, world] = await Promise.all([PostgresServer.start(), TradingWorld.start()]);
    return new Cluster({ postgres, world, program, database: await postgres.createDatabase() });
  }

  get env(): Record<string, string> {
    return { ...this.world.env, LUNO_MCP_STATE_URL: this.postgres.url(this.#database) };
  }

  /** Starts one more server, on a machine of its own. */
  async serve(...flags: readonly string[]): Promise<RunningServer> {
    const folder = await Deno.makeTempDir();
    this.#folders.push(folder);
    const args = ["--trading", "auto", "--state", folder, "--api-url", this.world.exchange.url, ...flags];
    const server = await startServer(this.#program, args, { exchange: "live", env: this.env });
    this.#servers.push(server);
    return server;
  }

  /** Runs a command on a machine that no server is on; answers what it prints. */
  async command(...args: readonly string[]): Promise<string> {
    const folder = await Deno.makeTempDir();
    this.#folders.push(folder);
    const { code, stdout, stderr } = await runProgram(this.#program, [...args, "--state", folder], { env: this.env });
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server[Symbol.asyncDispose]()));
    await this.world[Symbol.asyncDispose]();
    await this.postgres[Symbol.asyncDispose]();
    await Promise.all(this.#folders.map((folder) => Deno.remove(folder, { recursive: true })));
  }
}

function place(server: RunningServer, order: Record<string, unknown>): Promise<Json> {
  return callTool(server, "place_order", order);
}

for (const program of PROGRAMS) {
  Deno.test(`servers on one database: a key answers the same order everywhere, and limits are one (${program.name})`, async () => {
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
    const verified = JSON.parse(await cluster.command("audit", "verify", "--json"));
    assert.equal(verified.ok, true, JSON.stringify(verified));
  });

  Deno.test(`servers on one database: a halt from any machine stops all of them, and resume lets them go on (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const [one, other] = [await cluster.serve(), await cluster.serve()];
    await cluster.command("kill", "--reason", "enough");
    for (const server of [one, other]) {
      assert.equal((await place(server, await cluster.world.resting())).code, "ERR_TRADING_HALTED");
    }
    assert.equal(JSON.parse(await cluster.command("status", "--json")).trading.halt.halted, true);
    await cluster.command("resume");
    for (const server of [one, other]) {
      assert.equal((await place(server, await cluster.world.resting())).status, "placed");
    }
  });

  Deno.test(`servers on one database: while it is gone no order leaves, market data goes on, and all recovers by itself (${program.name})`, async () => {
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
