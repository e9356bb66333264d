/** A server whose shared database cannot be used does not start, and says what to do. */

import assert from "node:assert/strict";
import { PostgresServer } from "../state/postgres_server.ts";
import { runProgram, SHIPPED } from "./program.ts";

let postgres: PostgresServer;

Deno.test.beforeAll(async () => {
  postgres = await PostgresServer.start();
  await postgres.query("CREATE ROLE ann LOGIN PASSWORD 'right'");
});

Deno.test.afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
});

/** Makes what is wrong; answers the address and what the program says of it. */
const WRONG: Readonly<Record<string, () => Promise<readonly [url: string, says: RegExp]>>> = {
  "an address that is none": () =>
    Promise.resolve(["mysql://127.0.0.1/luno", /LUNO_MCP_STATE_URL: expected an address such as/]),
  "a host that does not answer": () => Promise.resolve(["postgres://ann@127.0.0.1:1/luno", /cannot be reached/]),
  "a wrong password": async () => {
    const url = new URL(postgres.url(await postgres.createDatabase(), "ann"));
    url.password = "wrong";
    return [url.href, /refused user or password/];
  },
  "a database that does not exist": () => Promise.resolve([postgres.url("none"), /there is no such database/]),
  "a server without TLS, which is required": async () => [
    `${postgres.url(await postgres.createDatabase())}?sslmode=verify-full`,
    /it speaks no TLS, which is demanded/,
  ],
  "tables of a newer version": async () => {
    const database = await postgres.createDatabase();
    await postgres.query(
      "CREATE SCHEMA luno_mcp; CREATE TABLE luno_mcp.schema_version (only_row integer, version integer); " +
        "INSERT INTO luno_mcp.schema_version VALUES (1, 1000)",
      database,
    );
    return [postgres.url(database), /newer version of this program/];
  },
  "another program's tables": async () => {
    const database = await postgres.createDatabase();
    await postgres.query("CREATE SCHEMA luno_mcp; CREATE TABLE luno_mcp.t (n integer)", database);
    return [postgres.url(database), /is another program's/];
  },
};

for (const program of SHIPPED) {
  for (const [what, make] of Object.entries(WRONG)) {
    Deno.test(`a server does not start with --state-url of ${what} (${program.name})`, async () => {
      const [url, says] = await make();
      const folder = await Deno.makeTempDir();
      try {
        const args = ["--transport", "websocket", "--port", "0", "--exchange", "simulated", "--trading", "auto"];
        const env = { LUNO_MCP_STATE_URL: url };
        const { code, stderr } = await runProgram(program, [...args, "--state", folder], { env });
        assert.equal(code, 2, stderr);
        assert.match(stderr, says);
        assert.ok(!stderr.includes("wrong@"), stderr);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  }
}
