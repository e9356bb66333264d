/** The program with TLS, as processes: both listeners, bad files, a new certificate while it runs. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import { PROGRAMS, runProgram } from "./program.ts";
import { listenersOf } from "./listeners.ts";
import { createCerts, startServer } from "./servers.ts";

/** Asks over https with only this authority trusted. */
async function getStatus(url: string, dir: string): Promise<number> {
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(`${dir}/ca.pem`)], poolMaxIdlePerHost: 0 });
  const response = await fetch(`${url}/healthz`, { client });
  await response.body?.cancel();
  return response.status;
}

for (const program of PROGRAMS) {
  for (const listener of listenersOf(program)) {
    Deno.test(`luno-mcp-server --listener ${listener} serves https and wss, and nothing in clear text (${program.name})`, async () => {
      await using certs = await createCerts(program);
      await using server = await startServer(program, ["--listener", listener, ...certs.args]);
      assert.match(server.ws, /^wss:/);
      assert.equal(await getStatus(server.http, certs.dir), 200);
      await assert.rejects(fetch(server.http.replace("https", "http")));
      const { code, stdout } = await runProgram(program, [
        "client",
        "call",
        "get_crypto_price",
        "pair=XBTZAR",
        "--uri",
        server.ws,
        "--ca",
        `${certs.dir}/ca.pem`,
        "--json",
      ]);
      assert.equal(code, 0, stdout);
      assert.equal(JSON.parse(stdout).pair, "XBTZAR");
    });

    Deno.test(`the v1 WebSocket client connects by wss with --listener ${listener} (${program.name})`, async () => {
      await using certs = await createCerts(program);
      await using server = await startServer(program, ["--listener", listener, ...certs.args]);
      // The client has no setting for an authority; a process of its own can be told to trust one.
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-prompt", "--allow-net=localhost", "tests/e2e/v1_client.ts", server.ws],
        env: { DENO_CERT: `${certs.dir}/ca.pem` },
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert.deepEqual([code, text(stdout)], [0, "20\n"], text(stderr));
    });
  }

  if (listenersOf(program).includes("hardened")) {
    Deno.test(`luno-mcp-server --ssl-client-ca identifies a client by its certificate, and admits nobody without one (${program.name})`, async () => {
      await using certs = await createCerts(program);
      const deny = `${certs.dir}/deny.txt`;
      await Deno.writeTextFile(deny, "", { mode: 0o600 });
      const clientCa = ["--ssl-client-ca", `${certs.dir}/ca.pem`, "--ssl-client-deny", deny];
      await using server = await startServer(program, [...certs.args, ...clientCa]);
      const read = (name: string) => Deno.readTextFile(`${certs.dir}/${name}`);
      const { fingerprint256, serialNumber } = new X509Certificate(await read("client.pem"));
      const trust = { caCerts: [await read("ca.pem")], poolMaxIdlePerHost: 0 };
      using stranger = Deno.createHttpClient(trust);
      using known = Deno.createHttpClient({
        ...trust,
        cert: await read("client.pem"),
        key: await read("client-key.pem"),
      });
      const call = (client: Deno.HttpClient) =>
        fetch(`${server.http}/v1/tools/describe_capabilities`, {
          client,
          method: "POST",
          headers: { "content-type": "application/json" },
        });
      await assert.rejects(call(stranger));
      const { caller } = await (await call(known)).json();
      assert.deepEqual(caller, { identity: "cert:urn:luno-mcp:client:developer", scopes: ["market:read"] });
      const options = { ca: trust.caCerts, cert: await read("client.pem"), key: await read("client-key.pem") };
      const socket = new WebSocket(server.ws, options);
      await once(socket, "open");
      const closed = once(socket, "close");
      await Deno.writeTextFile(deny, `${serialNumber} # gone\n${fingerprint256}\n`);
      server.child.kill("SIGHUP");
      assert.deepEqual((await closed)[0], 1008);
      await assert.rejects(call(known));
    });

    Deno.test(`luno-mcp-server --listener hardened loads a new certificate on SIGHUP, and keeps the old one when the new one is invalid (${program.name})`, async () => {
      await using first = await createCerts(program);
      await using second = await createCerts(program);
      await using server = await startServer(program, ["--listener", "hardened", ...first.args]);
      assert.equal(await getStatus(server.http, first.dir), 200);
      for (const file of ["server.pem", "server-key.pem"]) {
        await Deno.copyFile(`${second.dir}/${file}`, `${first.dir}/${file}`);
      }
      server.child.kill("SIGHUP");
      await server.said(/certificate reloaded; new connections use it/);
      assert.equal(await getStatus(server.http, second.dir), 200);
      await assert.rejects(getStatus(server.http, first.dir));
      await Deno.writeTextFile(`${first.dir}/server.pem`, "not a certificate");
      server.child.kill("SIGHUP");
      await server.said(/certificate reload failed; keeping the previous certificate/);
      assert.equal(await getStatus(server.http, second.dir), 200);
    });
  }

  Deno.test(`luno-mcp-server does not start with an invalid certificate, and never falls back to clear text (${program.name})`, async () => {
    await using certs = await createCerts(program);
    await using other = await createCerts(program);
    const { dir } = certs;
    await Deno.writeTextFile(`${dir}/garbage.pem`, "garbage");
    await Deno.copyFile(`${dir}/server-key.pem`, `${dir}/open-key.pem`);
    await Deno.chmod(`${dir}/open-key.pem`, 0o644);
    const cases: [cert: string, key: string, problem: RegExp][] = [
      [`${dir}/missing.pem`, `${dir}/server-key.pem`, /missing\.pem/],
      [`${dir}/garbage.pem`, `${dir}/server-key.pem`, /garbage\.pem: expected a certificate/],
      [`${dir}/server.pem`, `${other.dir}/server-key.pem`, /server-key\.pem/],
      [`${dir}/server.pem`, `${dir}/open-key.pem`, /open-key\.pem.*(0644|chmod)/],
      [`${dir}/server.pem`, `${dir}/garbage.pem`, /garbage\.pem: expected a private key/],
    ];
    for (const [cert, key, problem] of cases) {
      const args = [
        "--transport",
        "websocket",
        "--port",
        "0",
        "--exchange",
        "simulated",
        "--ssl-cert",
        cert,
        "--ssl-key",
        key,
      ];
      const { code, stderr } = await runProgram(program, args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, problem);
    }
    const half = await runProgram(program, [
      "--transport",
      "websocket",
      "--port",
      "0",
      "--ssl-cert",
      `${dir}/server.pem`,
    ]);
    assert.deepEqual([half.code, /--ssl-key: expected the key/.test(half.stderr)], [2, true]);
  });
}
