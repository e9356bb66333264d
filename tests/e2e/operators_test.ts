/** What operators see of a running server: an exchange that is away, its state, and the first API key. */

import assert from "node:assert/strict";
import { RawServer } from "../exchange/raw_server.ts";
import { lookUntil } from "../support/look_until.ts";
import { PROGRAMS, runProgram } from "./program.ts";
import { startServer } from "./servers.ts";

for (const program of PROGRAMS) {
  Deno.test(`a server reports the same to operators everywhere, and accepts its first key (${program.name})`, async () => {
    const state = await Deno.makeTempDir();
    const away = new RawServer(() => {});
    await away[Symbol.asyncDispose]();
    const host = new URL(away.url).host;
    try {
      await using server = await startServer(
        program,
        ["--state", state, "--trading", "auto", "--api-url", away.url],
        { exchange: "live", env: { LUNO_API_KEY: "id", LUNO_API_SECRET: "secret-of-this-test" } },
      );
      const lost = await server.said(/exchange unreachable/);
      assert.ok(lost.includes(host) && lost.includes("connection refused"), lost);
      const look = async () => JSON.parse((await runProgram(program, ["status", "--state", state, "--json"])).stdout);
      // The server's report follows what it knows.
      const isTold = ({ servers }: Awaited<ReturnType<typeof look>>) => servers[0].exchange.reachable !== null;
      const shown = await lookUntil(isTold, look, "status never told that the exchange was asked");
      const answered = await (await fetch(`${server.http}/status`)).json();
      for (const facts of [shown.servers[0], answered]) {
        assert.deepEqual([facts.exchange.host, facts.exchange.reachable], [host, false]);
        assert.deepEqual([facts.trading.mode, facts.trading.policy, facts.authentication.anonymous], [
          "auto",
          null,
          "loopback",
        ]);
      }
      assert.deepEqual([shown.trading.halt.halted, answered.trading.halt.halted], [false, false]);
      assert.ok(
        server.lines.some((line) => /trading +auto, without a policy: no limit to amounts$/.test(line)),
      );
      const probe = await fetch(`${server.http}/readyz?exchange`);
      assert.deepEqual([probe.status, await probe.text()], [503, "exchange unreachable\n"]);

      const { stdout, stderr } = await runProgram(program, ["keys", "create", "ann", "--state", state]);
      assert.match(
        stderr,
        /the first key: .*\n.*need no restart\n {2}folder {3}.*\n {2}server {3}process \d+ \(serve\): ws:/,
      );
      const key = stdout.trim();
      const statusWithoutKey = async () => {
        const answer = await fetch(`${server.http}/v1/tools`);
        await answer.body?.cancel();
        return answer.status;
      };
      // The file is read again within a tenth of a second.
      const isOver = (status: number) => status !== 200;
      assert.equal(await lookUntil(isOver, statusWithoutKey, "the first key never ended anonymous access"), 401);
      const known = await fetch(`${server.http}/v1/tools`, { headers: { authorization: `Bearer ${key}` } });
      await known.body?.cancel();
      assert.equal(known.status, 200);
      assert.equal(
        server.lines.filter((line) => /exchange unreachable/.test(line) && /WRN|warning/i.test(line)).length,
        1,
      );
    } finally {
      await Deno.remove(state, { recursive: true });
    }
  });
}
