import assert from "node:assert/strict";
import { listenOnHost } from "../../../src/transport/listeners/each_address.ts";
import { listenHardened } from "../../../src/transport/listeners/hardened.ts";
import type { Listen, RunningListener } from "../../../src/transport/listeners/listener.ts";
import { Echo } from "../listening.ts";

const OPTIONS = { hostname: "localhost", port: 0, maxMessageSize: 1_024, pingIntervalMs: 60_000 };

/** Whether this machine speaks IPv6 to itself. */
function hasIPv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

/** A system with addresses that are there, taken or absent; `log` tells what was asked of it. */
function system(answers: Readonly<Record<string, (string | number)[]>>) {
  const log: string[] = [];
  const listen: Listen = (_application, { hostname, port }) => {
    log.push(`${hostname} ${port}`);
    const answer = answers[hostname]?.shift() ?? port;
    if (typeof answer === "string") return Promise.reject(Object.assign(new Error(answer), { code: answer }));
    const running: RunningListener = {
      hostname,
      port: answer,
      reload: () => {},
      stopAccepting: () => log.push(`stop ${hostname}`),
      close: () => Promise.resolve(void log.push(`close ${hostname}`)),
    };
    return Promise.resolve(running);
  };
  return { log, start: (port = 0) => listenOnHost(listen)(new Echo(), { ...OPTIONS, port }) };
}

Deno.test("listenOnHost() serves localhost on both families at one port, and closes both", async () => {
  const application = new Echo();
  const listener = await listenOnHost(listenHardened)(application, OPTIONS);
  const hosts = ["127.0.0.1", ...(hasIPv6() ? ["[::1]"] : [])];
  for (const host of hosts) {
    const response = await fetch(`http://${host}:${listener.port}/`, { headers: { connection: "close" } });
    await response.body?.cancel();
    assert.equal(response.status, 200, host);
  }
  listener.stopAccepting();
  await listener.close();
  for (const host of hosts) await assert.rejects(fetch(`http://${host}:${listener.port}/`), TypeError);
});

Deno.test("listenOnHost() retries with another free port when the first one is in use on the other family", async () => {
  const { log, start } = system({ "127.0.0.1": [1_001, 1_002], "::1": ["EADDRINUSE"] });
  assert.equal((await start()).port, 1_002);
  assert.deepEqual(log, ["127.0.0.1 0", "::1 1001", "close 127.0.0.1", "127.0.0.1 0", "::1 1002"]);
});

Deno.test("listenOnHost() skips a family that this machine does not have, and fails when it has neither", async () => {
  const one = system({ "::1": ["EADDRNOTAVAIL"] });
  assert.equal((await one.start(9_000)).port, 9_000);
  await assert.rejects(system({ "127.0.0.1": ["EADDRNOTAVAIL"], "::1": ["EAFNOSUPPORT"] }).start(), /EADDRNOTAVAIL/);
});

Deno.test("listenOnHost() keeps nothing open when another program has the port on one family", async () => {
  const { log, start } = system({ "::1": ["EADDRINUSE"] });
  await assert.rejects(start(9_000), /EADDRINUSE/);
  assert.deepEqual(log, ["127.0.0.1 9000", "::1 9000", "close 127.0.0.1"]);
});
