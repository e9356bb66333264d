/** API keys that several servers share: created on one machine, in force on all. */

import assert from "node:assert/strict";
import { PostgresServer } from "../state/postgres_server.ts";
import { runProgram, SHIPPED } from "./program.ts";
import type { Program } from "./program.ts";
import { bearer, toolsOf } from "./requests.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";

const PASSWORD = "canary-of-the-database";

for (const program of SHIPPED) {
  Deno.test(`API keys on PostgreSQL: servers on one database share them, also while it is away and after its return (${program.name})`, async () => {
    await using postgres = await PostgresServer.start();
    const database = await postgres.createDatabase();
    await postgres.query(`CREATE ROLE luno LOGIN PASSWORD '${PASSWORD}'; GRANT CREATE ON DATABASE ${database} TO luno`);
    const env = { LUNO_MCP_STATE_URL: postgres.url(database, "luno"), LUNO_MCP_STATE_PASSWORD: PASSWORD };
    await using first = await startServer(program, [], { env });
    await using second = await startServer(program, [], { env });
    const both = [first, second];
    assert.deepEqual(await Promise.all(both.map((server) => admits(server))), [true, true]);

    const key = await keys(program, env, "create", "ann");
    await Promise.all(both.map((server) => server.said(/API keys are in force/)));
    assert.deepEqual(await Promise.all(both.map((server) => admits(server))), [false, false]);
    assert.deepEqual(await Promise.all(both.map((server) => admits(server, key))), [true, true]);

    await postgres.kill();
    assert.deepEqual(await Promise.all(both.map((server) => admits(server, key))), [true, true]);
    const refused = await runProgram(program, ["keys", "revoke", "ann"], { env });
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(
      refused.stderr,
      /--state-url: Cannot use postgres:\/\/luno@127.0.0.1:\d+\/test_1 as it cannot be reached/,
    );
    await postgres.restart();

    await keys(program, env, "revoke", "ann");
    await Promise.all(both.map((server) => server.said(/API keys changed/)));
    assert.deepEqual(await Promise.all(both.map((server) => admits(server, key))), [false, false]);
    const told = [...first.lines, ...second.lines, refused.stderr].join("\n");
    assert.ok(!told.includes(PASSWORD), "the password was told");
  });

  Deno.test(`--state-url with a password on the command line stops the start, and the password is not quoted (${program.name})`, async () => {
    const args = ["keys", "list", "--state-url", `postgres://luno:${PASSWORD}@127.0.0.1:1/luno`];
    const { code, stdout, stderr } = await runProgram(program, args);
    assert.equal(code, 2);
    assert.match(stderr, /--state-url: expected no password in it/);
    assert.ok(!`${stdout}${stderr}`.includes(PASSWORD));
  });
}

async function admits(server: RunningServer, key?: string): Promise<boolean> {
  const response = await fetch(`${server.http}/v1/tools`, { headers: key === undefined ? {} : bearer(key) });
  const body = await response.text();
  if (response.status !== 200) return false;
  return toolsOf({ status: 200, headers: response.headers, body }).length > 0;
}

async function keys(program: Program, env: Record<string, string>, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, ["keys", ...words], { env });
  assert.equal(code, 0, stderr);
  return stdout.trim();
}
