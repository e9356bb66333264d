/** Warnings of `doctor`: the set-up still works. */

import assert from "node:assert/strict";
import { keys } from "../../../src/cli/keys.ts";
import { describeBudget } from "../../../src/cli/doctor/budget_check.ts";
import type { CheckResult } from "../../../src/cli/doctor/check.ts";
import { createCertificates } from "../../../src/transport/listeners/certificates.ts";
import { openStore } from "../../trading/stores.ts";
import { PresentServer, REPORT } from "../present_server.ts";
import { runnerOf } from "../trading_commands.ts";
import { mayWrite } from "../../../src/cli/doctor/folder_check.ts";
import { Setup } from "./setups.ts";
import type { Changes } from "./setups.ts";

const DAY_MS = 86_400_000;

/** The line of a check in a working set-up. */
async function line(setup: Setup, name: string, changes: Changes = {}): Promise<CheckResult> {
  const { code, checks } = await setup.results(changes);
  assert.equal(code, 0, JSON.stringify(checks));
  const found = checks.findLast((check) => check.name === name);
  assert.ok(found, name);
  return found;
}

Deno.test("doctor warns three weeks before a certificate expires", async () => {
  await using setup = await Setup.start();
  const { server } = await createCertificates({ hosts: [], client: "developer", now: Date.now() - 820 * DAY_MS });
  await setup.write("server.pem", server.cert);
  await setup.write("server-key.pem", server.key);
  const { status, text, fix } = await line(setup, "certificate");
  assert.equal(status, "warning");
  assert.match(
    text,
    /^\d days left, valid for localhost, 127\.0\.0\.1, ::1, 1 in its chain, issued by luno-mcp-server /,
  );
  assert.match(fix ?? "", /luno-mcp-server reload/);
});

Deno.test("doctor warns of an allowed host that the certificate does not name", async () => {
  await using setup = await Setup.start();
  const { checks } = await setup.results({ flags: { "allowed-hosts": "luno.team.example" } });
  const warning = checks.find(({ name, status }) => name === "certificate" && status === "warning");
  assert.equal(warning?.text, "it is not valid for luno.team.example, but for localhost, 127.0.0.1, ::1");
});

Deno.test("doctor warns of API keys that end within two weeks", async () => {
  await using setup = await Setup.start();
  const create = runnerOf(keys);
  const state = setup.path("state");
  const now = Date.now();
  await create({ state, expires: "90d" }, { operands: ["create", "alice"], json: true, now });
  assert.deepEqual((await line(setup, "key store")).text, "1 of 1 keys are valid");
  await create({ state, expires: "3d" }, { operands: ["create", "bob"], json: true, now });
  const { status, text } = await line(setup, "key store");
  assert.deepEqual([status, text], ["warning", "2 of 2 keys are valid; these end soon: bob in 2 d"]);
});

Deno.test("doctor warns of a halt, with who halted and why", async () => {
  await using setup = await Setup.start();
  const store = openStore(setup.path("state"));
  const now = Date.now() - 7_200_000;
  store.halts.pull({ by: "operator", reason: "exchange maintenance", now });
  store.close();
  const { status, text, fix } = await line(setup, "halt");
  assert.equal(status, "warning");
  assert.equal(text, "trading has been halted for 2 h by operator: exchange maintenance");
  assert.match(fix ?? "", /luno-mcp-server resume/);
});

Deno.test("doctor warns of a policy without an amount limit where orders need no approval", async () => {
  await using setup = await Setup.start();
  await setup.write("policy.json", '{ "default": { "mode": "auto" } }');
  const { status, text } = await line(setup, "policy");
  assert.equal(status, "warning");
  assert.match(text, /sets neither max_per_order nor max_per_day/);
});

Deno.test("doctor shows how much of the call budget the running servers of the state folder leave", async () => {
  await using setup = await Setup.start();
  const now = Date.now();
  const exchange = { ...REPORT.exchange, host: new URL(setup.exchange.simulation.url).host };
  using _one = new PresentServer(setup.path("state"), { exchange, updated_at: now });
  assert.equal((await line(setup, "call budget")).text, "300 calls a minute, process 4711 has 290 of 300 left");
});

Deno.test("describeBudget() warns of more calls than Luno allows, counting all running servers", () => {
  const running = [REPORT, { ...REPORT, pid: 4_712 }];
  const { status, text, fix } = describeBudget({ hostname: "api.luno.com" }, { limit: 300, running });
  assert.equal(status, "warning");
  assert.match(text, /^300 calls a minute, process 4711 .* together 600, where Luno allows 300$/);
  assert.match(fix ?? "", /--api-rate-limit/);
  assert.equal(describeBudget({ hostname: "api.luno.com" }, { limit: 300, running: [REPORT] }).status, "ok");
  assert.equal(describeBudget({ hostname: "api.luno.com" }, { limit: 301, running: [] }).status, "warning");
  assert.equal(describeBudget({ hostname: "127.0.0.1" }, { limit: 9_000, running }).status, "ok");
});

Deno.test("doctor warns of a shared Redis that it cannot reach, without which a server goes on", async () => {
  await using setup = await Setup.start();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { status, text, fix } = await line(setup, "shared state", {
    flags: { "shared-url": `redis://127.0.0.1:${port}` },
  });
  assert.equal(status, "warning");
  assert.match(
    text,
    /^redis:\/\/127\.0\.0\.1:\d+\S* cannot be reached: .*ECONNREFUSED.*; a server goes on without it$/,
  );
  assert.match(fix ?? "", /--shared-url/);
});

Deno.test("mayWrite() is true for a folder whose mode lets its owner change it, and for root", () => {
  for (const mode of [0o700, 0o755, null]) assert.equal(mayWrite(mode, 1_000), true);
  for (const mode of [0o500, 0o600, 0o400]) assert.equal(mayWrite(mode, 1_000), false);
  assert.equal(mayWrite(0o500, 0), true);
  assert.equal(mayWrite(0o500, null), true);
});

Deno.test("doctor recognizes its own server on a port in use", async () => {
  await using setup = await Setup.start();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String(listener.addr.port);
  using _server = new PresentServer(setup.path("state"), { addresses: [`wss://localhost:${port}`] });
  const { status, text } = await line(setup, "port", { flags: { port } });
  assert.deepEqual([status, text], ["ok", `localhost:${port} is served by process 4711 of this state folder`]);
});
