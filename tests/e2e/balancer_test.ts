/** Three servers behind HAProxy, set up by the file that operators are given, restarted one after the other under load. */

import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { lookUntil } from "../support/look_until.ts";
import { runProgram, SHIPPED } from "./program.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";

const CLIENTS = 24;

const ROOT = new URL("../../", import.meta.url);

const isThere = await new Deno.Command("sh", { args: ["-c", "command -v haproxy"] }).output();

/** The servers' ends of HAProxy's configuration, and the address that it listens on. */
interface Balancer extends AsyncDisposable {
  readonly url: string;
}

/** Starts HAProxy with the shipped file: other addresses, and plain text towards the clients. */
async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  const shipped = await Deno.readTextFile(new URL("deploy/haproxy/haproxy.cfg", ROOT));
  const lines = shipped.split("\n").filter((line) => !/^ {2}(bind|server) /.test(line));
  const servers = ports.map((server, index) => `  server s${index} 127.0.0.1:${server}`);
  const bound = lines.flatMap((line) => line === "frontend clients" ? [line, `  bind 127.0.0.1:${port}`] : [line]);
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/haproxy.cfg`, `${[...bound, ...servers].join("\n")}\n`);
  // Without the master process a signal ends it at once.
  const args = ["-c", 'exec haproxy -f "$0"', `${folder}/haproxy.cfg`];
  const child = new Deno.Command("sh", { args, stdout: "null", stderr: "null" }).spawn();
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** A client that asks one question after the other, and connects again when it is told to. */
class Client {
  readonly codes: number[] = [];
  answered = 0;
  failed = 0;
  readonly #address: { readonly url: string; readonly key: string };
  readonly #stop: AbortSignal;

  constructor(address: { readonly url: string; readonly key: string }, stop: AbortSignal) {
    this.#address = address;
    this.#stop = stop;
  }

  async run(): Promise<void> {
    while (!this.#stop.aborted) await this.#connection();
  }

  #connection(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { url, key } = this.#address;
    const socket = new WebSocket(url.replace(/^http/, "ws"), { headers: { authorization: `Bearer ${key}` } });
    let isWaiting = false;
    const ask = () => {
      if (this.#stop.aborted) return socket.close();
      isWaiting = true;
      const params = { pair: "XBTZAR" };
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "get_crypto_price", params }));
    };
    socket.on("open", ask);
    socket.on("message", (text) => {
      isWaiting = false;
      const answer = JSON.parse(String(text));
      if (answer.result?.pair === "XBTZAR") this.answered++;
      // Asked in the moment of closing: it was not begun, and is asked again on the next connection.
      else if (answer.error?.data?.code !== "ERR_SHUTTING_DOWN") this.failed++;
      ask();
    });
    socket.on("error", () => this.failed++);
    socket.on("close", (code) => {
      if (!this.#stop.aborted) this.codes.push(code);
      if (isWaiting && code !== 1012) this.failed++;
      resolve();
    });
    return promise;
  }
}

async function get(url: string): Promise<number> {
  const response = await fetch(url).catch(() => undefined);
  await response?.body?.cancel();
  return response?.status ?? 0;
}

for (const program of isThere.success ? SHIPPED : []) {
  Deno.test(`a rolling restart behind HAProxy closes clients with 1012 and fails no call (${program.name})`, async () => {
    const state = await Deno.makeTempDir();
    const created = await runProgram(program, ["keys", "create", "alice", "--state", state]);
    assert.equal(created.code, 0, created.stderr);
    const key = created.stdout.trim();
    const limits = ["--max-connections-per-client", "50", "--rate-limit", "1000000"];
    const all = ["--state", state, "--drain-time", "2", "--trusted-proxies", "127.0.0.1", ...limits];
    const servers: RunningServer[] = [];
    for (let index = 0; index < 3; index++) servers.push(await startServer(program, all));
    await using started = new AsyncDisposableStack();
    started.defer(() => Deno.remove(state, { recursive: true }));
    started.defer(async () => {
      for (const server of servers) await server[Symbol.asyncDispose]();
    });
    const ports = servers.map(({ http }) => Number(new URL(http).port));
    await using balancer = await startBalancer(ports);
    await lookUntil((status) => status === 200, () => get(`${balancer.url}/healthz`), "HAProxy never served");

    const stop = new AbortController();
    const clients = Array.from({ length: CLIENTS }, () => new Client({ url: balancer.url, key }, stop.signal));
    const running = Promise.all(clients.map((client) => client.run()));
    const answered = () => clients.reduce((sum, client) => sum + client.answered, 0);
    // Asks the balancer in between, so that the clients get their turn.
    const look = async () => await get(`${balancer.url}/healthz`) === 200 ? answered() : 0;
    await lookUntil((count) => count > CLIENTS, look, "no call was answered");
    for (const [index, port] of ports.entries()) {
      const before = servers[index]!;
      before.child.kill("SIGTERM");
      assert.equal((await before.child.status).code, 0);
      await before[Symbol.asyncDispose]();
      servers[index] = await startServer(program, all, { port });
      const most = answered();
      await lookUntil(
        (count) => count > most + CLIENTS,
        look,
        "the clients did not go on",
      );
    }
    stop.abort();
    await running;
    assert.deepEqual(new Set(clients.flatMap(({ codes }) => codes)), new Set([1012]));
    assert.equal(clients.reduce((sum, { failed }) => sum + failed, 0), 0);
  });
}
