/** Three servers behind HAProxy or nginx, configured by the shipped files, restarted one after another under load. */

import assert from "node:assert/strict";
import { lookUntil } from "../support/look_until.ts";
import { startBalancer, statusOf, untilBalanced } from "./haproxy.ts";
import type { Balancer } from "./haproxy.ts";
import { startNginx } from "./nginx.ts";
import { PROGRAMS, runProgram } from "./program.ts";
import { listenersOf } from "./listeners.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";
import { ServiceClient, sumTallies } from "./service_client.ts";

const CLIENTS = 24;

/**
 * Servers behind a balancer use the hardened listener, since they are not on loopback. The runtime's own listener
 * resets a connection when a request crosses its close frame, and a client that has not read the frame by then sees
 * 1006.
 */
const HARDENED = PROGRAMS.filter((program) => listenersOf(program).includes("hardened")).slice(-1);

/** A balancer that may have to be told that a server stops; others see that it is not ready. */
type Started = Balancer & { setDown?(place: number, isDown: boolean): Promise<void> };

/** Each balancer by its command. */
const BALANCERS: Readonly<Record<string, (ports: readonly number[]) => Promise<Started>>> = {
  async haproxy(ports) {
    const balancer = await startBalancer(ports);
    await untilBalanced(balancer);
    return balancer;
  },
  nginx: startNginx,
};

const installed = await Promise.all(
  Object.entries(BALANCERS).map(async ([command, start]) => {
    const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${command}`] }).output();
    return success ? HARDENED.map((program) => ({ program, command, start })) : [];
  }),
);

for (const { program, command, start } of installed.flat()) {
  Deno.test(`a rolling restart behind ${command} closes clients with 1012 and fails no call (${program.name})`, async () => {
    const state = await Deno.makeTempDir();
    const created = await runProgram(program, ["keys", "create", "alice", "--state", state]);
    assert.equal(created.code, 0, created.stderr);
    const key = created.stdout.trim();
    const limits = ["--max-connections-per-client", "50", "--rate-limit", "1000000"];
    const place = ["--state", state, "--listener", "hardened", "--trusted-proxies", "127.0.0.1"];
    const all = [...place, "--drain-time", "2", ...limits];
    const servers: RunningServer[] = [];
    for (let index = 0; index < 3; index++) servers.push(await startServer(program, all));
    await using started = new AsyncDisposableStack();
    started.defer(() => Deno.remove(state, { recursive: true }));
    started.defer(async () => {
      for (const server of servers) await server[Symbol.asyncDispose]();
    });
    const ports = servers.map(({ http }) => Number(new URL(http).port));
    await using balancer = await start(ports);

    const stop = new AbortController();
    const plan = { url: balancer.url, key, everyMs: 25 };
    const clients = Array.from({ length: CLIENTS }, () => new ServiceClient(plan, stop.signal));
    const running = Promise.all(clients.map((client) => client.run()));
    // Polls the balancer with pauses, so that the clients can run.
    const look = async () => await statusOf(`${balancer.url}/healthz`) === 200 ? sumTallies(clients).answered : 0;
    await lookUntil((count) => count > CLIENTS, look, "no call was answered");
    for (const [index, port] of ports.entries()) {
      const before = servers[index]!;
      await balancer.setDown?.(index, true);
      before.child.kill("SIGTERM");
      assert.equal((await before.child.status).code, 0);
      await before[Symbol.asyncDispose]();
      servers[index] = await startServer(program, all, { port });
      await balancer.setDown?.(index, false);
      const most = sumTallies(clients).answered;
      await lookUntil((count) => count > most + CLIENTS, look, "the clients did not go on");
    }
    stop.abort();
    await running;
    const { codes, failed } = sumTallies(clients);
    assert.deepEqual(new Set(codes), new Set([1012]));
    assert.equal(failed, 0);
  });
}
