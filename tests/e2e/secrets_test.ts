/** A canary secret must not appear in anything that the program writes, whatever happens. */

import assert from "node:assert/strict";
import { startSimulation } from "../../src/simulation/server.ts";
import { catalogue } from "../../src/tools/catalogue.ts";
import { INITIALIZE, lines, PROGRAMS, runProgram, toolCall } from "./program.ts";

const KEY = "canary-key-id-4711";
const SECRET = 'canary+secret/with=odd"characters';
const FORBIDDEN = [KEY, SECRET, JSON.stringify(SECRET).slice(1, -1), btoa(`${KEY}:${SECRET}`)];

const RESOURCES = [
  "luno://config",
  "luno://status",
  "luno://endpoints",
  "luno://wallets",
  "luno://transactions",
  "luno://accounts/1",
];

/** Every request, with valid and invalid arguments. */
const REQUESTS = [
  ...catalogue.map(({ name }, index) => toolCall(index, name, { pair: "XBTZAR", account_id: "1", order_id: SECRET })),
  ...catalogue.map(({ name }, index) =>
    toolCall(100 + index, name, name.includes("account") ? {} : { pair: "XBTZAR" })
  ),
  ...RESOURCES.map((uri, index) => ({ jsonrpc: "2.0", id: 200 + index, method: "resources/read", params: { uri } })),
  {
    jsonrpc: "2.0",
    id: 300,
    method: "completion/complete",
    params: { ref: { type: "ref/resource", uri: "luno://accounts/{id}" }, argument: { name: "id", value: "" } },
  },
  "malformed",
];

for (const program of PROGRAMS) {
  for (const format of ["text", "json"]) {
    Deno.test(`the program (${program.name}) at debug writes no secret, logs as ${format}`, async () => {
      await using simulation = await simulate();
      const run = await runProgram(program, [
        "--api-url",
        simulation.url,
        "--log-level",
        "debug",
        "--log-format",
        format,
      ], {
        env: { LUNO_API_KEY: KEY, LUNO_API_SECRET: SECRET },
        input: lines(...INITIALIZE, ...REQUESTS),
      });
      assert.equal(run.code, 0);
      assert.match(run.stdout, /ERR_CREDENTIALS_REFUSED/);
      assert.match(run.stderr, /get_account_balance/);
      for (const output of [run.stdout.replaceAll(/"order_id: [^}]*/g, ""), run.stderr]) {
        for (const canary of FORBIDDEN) assert.ok(!output.includes(canary), `${canary} in ${output.slice(0, 500)}`);
      }
    });
  }

  Deno.test(`the program (${program.name}) keeps secrets out of what it says about bad configuration`, async () => {
    const run = await runProgram(program, ["--exchange", "moon", "--config", "/no/such/file"], {
      env: { LUNO_API_KEY: KEY, LUNO_API_SECRET: SECRET, LUNO_API_SECRET_FILE: "/no/such/secret" },
    });
    assert.equal(run.code, 2);
    for (const canary of FORBIDDEN) assert.ok(!run.stderr.includes(canary), run.stderr);
  });
}

async function simulate(): Promise<{ url: string } & AsyncDisposable> {
  const { url, stop } = await startSimulation({ connectionResets: false, rateLimitPerMinute: 0 });
  return { url, [Symbol.asyncDispose]: stop };
}
