/** What nginx forwards, configured by the shipped file. */

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import assert from "node:assert/strict";
import { startNginx } from "./nginx.ts";
import { runProgram, SHIPPED } from "./program.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";

const TICKER = "luno://market/XBTZAR/ticker";

const isThere = (await new Deno.Command("sh", { args: ["-c", "command -v nginx"] }).output()).success;

/** A port of loopback on which nothing listens. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A server that serves `/healthz`, and drops the connection of any other request once it has read it. */
class DroppingServer implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #running = this.#run();

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    for await (const connection of this.#listener) {
      const buffer = new Uint8Array(65_536);
      const length = await connection.read(buffer).catch(() => null);
      const [line = ""] = new TextDecoder().decode(buffer.subarray(0, length ?? 0)).split("\r\n");
      if (line.includes("/healthz")) {
        const answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        await connection.write(new TextEncoder().encode(answer)).catch(() => {});
      } else this.requests.push(line);
      connection.close();
    }
  }
}

interface KeyedServer extends AsyncDisposable {
  readonly server: RunningServer;
  readonly port: number;
  /** The headers that authenticate a client. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A server behind a proxy, where clients need a key. */
async function startKeyedServer(): Promise<KeyedServer> {
  const [program = assert.fail()] = SHIPPED;
  const state = await Deno.makeTempDir();
  const { code, stdout, stderr } = await runProgram(program, ["keys", "create", "alice", "--state", state]);
  assert.equal(code, 0, stderr);
  const server = await startServer(program, ["--state", state, "--trusted-proxies", "127.0.0.1"]);
  return {
    server,
    port: Number(new URL(server.http).port),
    headers: { authorization: `Bearer ${stdout.trim()}` },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(state, { recursive: true });
    },
  };
}

if (isThere) {
  Deno.test("nginx does not send a POST that one server has received to another", async () => {
    await using one = new DroppingServer();
    await using two = new DroppingServer();
    await using three = new DroppingServer();
    const servers = [one, two, three];
    await using nginx = await startNginx(servers.map(({ port }) => port));
    const response = await fetch(`${nginx.url}/v1/tools/place_order`, { method: "POST", body: "{}" });
    await response.body?.cancel();
    assert.equal(response.status, 502);
    assert.deepEqual(servers.flatMap(({ requests }) => requests), ["POST /v1/tools/place_order HTTP/1.1"]);
  });

  Deno.test("nginx sends a POST that it could not deliver to one server to another", async () => {
    await using keyed = await startKeyedServer();
    const { port, headers } = keyed;
    await using nginx = await startNginx([closedPort(), closedPort(), port]);
    for (let call = 0; call < 6; call++) {
      const json = { ...headers, "content-type": "application/json" };
      const init = { method: "POST", headers: json, body: '{"pair":"XBTZAR"}' };
      const response = await fetch(`${nginx.url}/v1/tools/get_crypto_price`, init);
      assert.equal((await response.json()).pair, "XBTZAR");
    }
  });

  for (const mode of ["legacy", { pin: "2026-07-28" }] as const) {
    Deno.test(`nginx forwards events of Streamable HTTP as they arrive (${typeof mode === "string" ? mode : mode.pin})`, async () => {
      await using keyed = await startKeyedServer();
      const { port, headers } = keyed;
      await using nginx = await startNginx([port, port, port]);
      const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
      const { promise, resolve } = Promise.withResolvers<string>();
      client.setNotificationHandler("notifications/resources/updated", ({ params }) => resolve(params.uri));
      await client.connect(
        new StreamableHTTPClientTransport(new URL(`${nginx.url}/mcp`), { requestInit: { headers } }),
      );
      if (mode === "legacy") await client.subscribeResource({ uri: TICKER });
      else await client.listen({ resourceSubscriptions: [TICKER] });
      // The stream continues, so that a buffer would not be flushed by its end.
      assert.equal(await promise, TICKER);
      await client.close();
    });
  }
}
