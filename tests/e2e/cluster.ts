/** Servers on separate machines that share one database and one account of an exchange. */

import { lookUntil } from "../support/look_until.ts";
import assert from "node:assert/strict";
import type { Row } from "../../src/state/row.ts";
import { PostgresServer } from "../state/postgres_server.ts";
import type { PostgresOptions } from "../state/postgres_server.ts";
import type { Json } from "../support/exchange.ts";
import { runProgram } from "./program.ts";
import type { Ended, Program } from "./program.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";
import { callTool, TradingWorld } from "./trading_world.ts";

/** A database, an exchange, and any number of servers, each with a separate state folder. */
export class Cluster implements AsyncDisposable {
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

  static async start(program: Program, options: PostgresOptions = {}): Promise<Cluster> {
    const [postgres, world] = await Promise.all([PostgresServer.start(options), TradingWorld.start()]);
    return new Cluster({ postgres, world, program, database: await postgres.createDatabase() });
  }

  get env(): Record<string, string> {
    return { ...this.world.env, LUNO_MCP_STATE_URL: this.postgres.url(this.#database) };
  }

  /** Starts one more server, on a separate machine. */
  serve(...flags: readonly string[]): Promise<RunningServer> {
    return this.#serve("live", flags);
  }

  /** The same with every client on paper. */
  servePaper(...flags: readonly string[]): Promise<RunningServer> {
    return this.#serve("paper", flags);
  }

  async #serve(exchange: string, flags: readonly string[]): Promise<RunningServer> {
    const folder = await Deno.makeTempDir();
    this.#folders.push(folder);
    const args = ["--trading", "auto", "--state", folder, "--api-url", this.world.exchange.url, ...flags];
    const server = await startServer(this.#program, args, { exchange, env: this.env });
    this.#servers.push(server);
    return server;
  }

  /** Runs a command on a machine without a server; returns its output. */
  async command(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  /** Like {@linkcode Cluster.command}, for commands that may fail: returns nothing then. */
  async tryCommand(...args: readonly string[]): Promise<string | undefined> {
    const { code, stdout } = await this.run(...args);
    return code === 0 ? stdout : undefined;
  }

  /** Runs statements on the database as its superuser. */
  async query(text: string): Promise<Row[]> {
    const results = await this.postgres.query(text, this.#database);
    return results.rows;
  }

  /** Runs a command on a machine without a server to its end, successful or not. */
  async run(...args: readonly string[]): Promise<Ended> {
    const folder = await Deno.makeTempDir();
    try {
      return await runProgram(this.#program, [...args, "--state", folder], { env: this.env });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  /** Publishes a file to all servers. */
  async publish(kind: "policy" | "access", content: object): Promise<void> {
    await this.command(kind, "publish", await this.write(kind, content));
  }

  /** Writes a separate file; returns its path. */
  async write(kind: "policy" | "access", content: object): Promise<string> {
    const folder = await Deno.makeTempDir();
    this.#folders.push(folder);
    const path = `${folder}/${kind}.json`;
    await Deno.writeTextFile(path, JSON.stringify(content), { mode: 0o600 });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server[Symbol.asyncDispose]()));
    await this.world[Symbol.asyncDispose]();
    await this.postgres[Symbol.asyncDispose]();
    await Promise.all(this.#folders.map((folder) => Deno.remove(folder, { recursive: true })));
  }
}

/** Places an order at a server. */
export function place(server: RunningServer, order: Record<string, unknown>): Promise<Json> {
  return callTool(server, "place_order", order);
}

/** Repeats the question until the outcome of an order is known; fails if it never is. */
export async function settled(server: RunningServer, order: Record<string, unknown>): Promise<Json> {
  const isKnown = ({ status }: Json) => ["placed", "not_placed"].includes(status);
  return await lookUntil(isKnown, () => place(server, order), "it is not known what became of the order");
}
