/**
 * A page in a real browser against the program: on an allowed origin it connects, on a foreign one it does not. It has
 * a task of its own (`deno task browser`), since it needs Debian's Chromium.
 */

import assert from "node:assert/strict";
import { PROGRAMS } from "../e2e/program.ts";
import { listenersOf } from "../e2e/listeners.ts";
import { createCerts, startServer } from "../e2e/servers.ts";
import type { RunningServer } from "../e2e/servers.ts";

/** The page: a WebSocket with the subprotocol and a tool over REST, and the results of both. */
function pageOf({ ws, http }: RunningServer): string {
  return `<!doctype html><script type="module">
    const socket = new Promise((resolve) => {
      const connection = new WebSocket(${JSON.stringify(ws)}, "mcp");
      connection.onopen = () => connection.send('{"jsonrpc":"2.0","id":1,"method":"get_crypto_price","params":{"pair":"BTC/ZAR"}}');
      connection.onmessage = ({ data }) => resolve(JSON.parse(data).result.pair);
      connection.onerror = () => resolve("refused");
    });
    const rest = fetch(${JSON.stringify(`${http}/v1/tools/get_crypto_price`)}, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"pair":"ETHZAR"}',
    }).then(async (response) => (await response.json()).pair, () => "refused");
    await fetch("/result", { method: "POST", body: JSON.stringify({ socket: await socket, rest: await rest }) });
  </script>`;
}

/** Opens the page on an origin of its own, which the browser resolves to this machine. */
async function visit(host: string, server: RunningServer): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const pages = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    if (request.method === "POST") resolve(await request.json());
    return new Response(pageOf(server), { headers: { "content-type": "text/html" } });
  });
  const profile = await Deno.makeTempDir();
  const browser = new Deno.Command("/usr/bin/chromium", {
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Browsers do not trust a development authority.
      "--ignore-certificate-errors",
      // The page's origin is not local, and requests something from this machine.
      "--disable-features=LocalNetworkAccessChecks,PrivateNetworkAccessRespectPreflightResults",
      `--user-data-dir=${profile}`,
      `--host-resolver-rules=MAP ${host} 127.0.0.1:${pages.addr.port}`,
      "--remote-debugging-port=0",
      `http://${host}/`,
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const result = await promise;
  browser.kill("SIGTERM");
  await browser.status;
  await pages.shutdown();
  await removeProfile(profile);
  return result;
}

/** The browser's helpers write to its profile for a moment after it has ended. */
async function removeProfile(profile: string): Promise<void> {
  for (let attempts = 20; attempts > 0; attempts--) {
    try {
      return await Deno.remove(profile, { recursive: true });
    } catch (error) {
      if (attempts === 1) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

for (const program of PROGRAMS) {
  for (const listener of listenersOf(program)) {
    for (const scheme of ["ws", "wss"]) {
      Deno.test(`a page on an allowed origin connects ${scheme} to --listener ${listener}, one on a foreign origin does not (${program.name})`, async () => {
        await using certs = await createCerts(program);
        await using server = await startServer(program, [
          ...["--listener", listener, "--allowed-origins", "http://app.example"],
          ...(scheme === "wss" ? certs.args : []),
        ]);
        assert.ok(server.ws.startsWith(`${scheme}:`));
        assert.deepEqual(await visit("app.example", server), { socket: "XBTZAR", rest: "ETHZAR" });
        assert.deepEqual(await visit("evil.example", server), { socket: "refused", rest: "refused" });
      });
    }
  }
}
