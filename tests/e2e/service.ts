/**
 * A service as `docs/scaling.md` describes it: servers on one PostgreSQL and one Redis behind HAProxy, on one exchange.
 */

import assert from "node:assert/strict";
import { PostgresServer } from "../state/postgres_server.ts";
import { startRedis } from "../state/shared/redis/redis_server.ts";
import type { RedisServer } from "../state/shared/redis/redis_server.ts";
import { startBalancer, untilBalanced } from "./haproxy.ts";
import type { Balancer } from "./haproxy.ts";
import { runProgram } from "./program.ts";
import type { Program } from "./program.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";
import { TradingWorld } from "./trading_world.ts";

/** The size of a service, and additional flags of its servers. */
export interface ServiceOptions {
  readonly servers: number;
  /** @default none */
  readonly flags?: readonly string[];
}

interface Parts {
  readonly program: Program;
  readonly flags: readonly string[];
  readonly database: string;
  readonly folders: readonly string[];
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly world: TradingWorld;
}

/** The parts of a service, each of which can be stopped; each server has a separate state folder and port. */
export class Service implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #servers: RunningServer[] = [];
  #balancer: Balancer | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Starts everything; resolves when the balancer forwards requests. */
  static async start(program: Program, { servers, flags = [] }: ServiceOptions): Promise<Service> {
    const [postgres, redis, world] = await Promise.all([PostgresServer.start(), startRedis(), TradingWorld.start()]);
    const folders = await Promise.all(Array.from({ length: servers }, () => Deno.makeTempDir()));
    const database = await postgres.createDatabase();
    const service = new Service({ program, flags, database, folders, postgres, redis, world });
    try {
      for (const index of folders.keys()) service.#servers.push(await service.#startServer(index, 0));
      service.#balancer = await startBalancer(service.#servers.map(portOf));
      await untilBalanced(service.#balancer);
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
    return service;
  }

  get balancer(): Balancer {
    assert.ok(this.#balancer !== undefined, "the service has not started");
    return this.#balancer;
  }

  get servers(): readonly RunningServer[] {
    return this.#servers;
  }

  get postgres(): PostgresServer {
    return this.#parts.postgres;
  }

  get redis(): RedisServer {
    return this.#parts.redis;
  }

  get world(): TradingWorld {
    return this.#parts.world;
  }

  /** Runs a command on the record; returns its output. */
  async command(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runProgram(this.#parts.program, args, { env: this.#env });
    assert.equal(code, 0, stderr);
    return stdout;
  }

  /** Ends a server by a signal and starts it again in its place. */
  async restart(index: number, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const server = this.#servers[index];
    assert.ok(server !== undefined, `there is no server ${index}`);
    server.child.kill(signal);
    await server.child.status;
    await server[Symbol.asyncDispose]();
    this.#servers[index] = await this.#startServer(index, portOf(server));
  }

  get #env(): Record<string, string> {
    const { postgres, redis, world, database } = this.#parts;
    return { ...world.env, LUNO_MCP_STATE_URL: postgres.url(database), LUNO_MCP_SHARED_URL: redis.url };
  }

  #startServer(index: number, port: number): Promise<RunningServer> {
    const { program, flags, folders, world } = this.#parts;
    const place = ["--state", folders[index] ?? "", "--api-url", world.exchange.url];
    const all = [...place, "--trusted-proxies", "127.0.0.1", ...flags];
    return startServer(program, all, { exchange: "live", env: this.#env, port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#balancer?.[Symbol.asyncDispose]();
    await Promise.all(this.#servers.map((server) => server[Symbol.asyncDispose]()));
    const { world, redis, postgres, folders } = this.#parts;
    await Promise.all([world, redis, postgres].map((part) => part[Symbol.asyncDispose]()));
    await Promise.all(folders.map((folder) => Deno.remove(folder, { recursive: true })));
  }
}

function portOf({ http }: RunningServer): number {
  return Number(new URL(http).port);
}
