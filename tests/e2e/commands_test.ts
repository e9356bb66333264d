/** The commands that people type, as processes. */

import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import { PROGRAMS, readLines, runProgram, startProgram } from "./program.ts";

for (const program of PROGRAMS) {
  const name = `luno-mcp-server (${program.name})`;

  Deno.test(`${name} --version prints the version of deno.json`, async () => {
    assert.deepEqual(await runProgram(program, ["--version"]), { code: 0, stdout: `${project.version}\n`, stderr: "" });
  });

  Deno.test(`${name} reports a full disk in one line, and keeps serving when only its log cannot be written`, async () => {
    const command = [program.command, ...program.args].map((word) => `'${word}'`).join(" ");
    const shell = async (script: string) =>
      await runProgram({ name: program.name, command: "sh", args: ["-c", script] }, [], {
        input: '{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
      });
    const printed = await shell(`exec ${command} config print > /dev/full`);
    assert.deepEqual(
      [printed.code, printed.stderr],
      [1, "Cannot write as the disk is full: make room and try again (ENOSPC)\n"],
    );
    const order = "pair=XBTZAR side=SELL type=market volume=0.001";
    const trading = `--exchange simulated --trading auto --log-level error --state "$(mktemp -d)"`;
    const placed = await shell(`exec ${command} call place_order ${order} ${trading} > /dev/full`);
    assert.deepEqual([placed.code, placed.stdout], [4, ""], placed.stderr);
    assert.match(placed.stderr, /^Cannot write .*\(ENOSPC\); the answer was \{"status":"placed",.*"order_id":"BX/);
    const served = await shell(`exec ${command} --exchange simulated --log-level debug 2> /dev/full`);
    assert.deepEqual([served.code, JSON.parse(served.stdout)], [0, { jsonrpc: "2.0", id: 1, result: {} }]);
  });

  Deno.test(`${name} client reports that a server refused it, even if the answer breaks off`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const answering = (async () => {
      const connection = await listener.accept();
      await connection.read(new Uint8Array(4_096));
      await connection.write(new TextEncoder().encode("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 10\r\n\r\nBad"));
      connection.close();
    })();
    const { code, stderr } = await runProgram(program, ["client", "--uri", `ws://127.0.0.1:${listener.addr.port}`]);
    await answering;
    assert.equal(code, 1, stderr);
    assert.match(stderr, /502/);
    assert.doesNotMatch(stderr, /Uncaught/);
  });

  Deno.test(`${name} --help names every command and every setting`, async () => {
    const { code, stdout } = await runProgram(program, ["--help"]);
    assert.equal(code, 0);
    for (const word of ["serve", "tools", "call", "config", "simulator", "--log-level", "LUNO_API_SECRET_FILE"]) {
      assert.ok(stdout.includes(word), word);
    }
  });

  Deno.test(`${name} reports every problem at once, exits with 2 and starts nothing`, async () => {
    const run = await runProgram(program, [
      "--log-levl",
      "debug",
      "--exchange",
      "moon",
      "--seed",
      "x",
      "--max-message-size",
      "1",
    ], {
      env: { LUNO_API_KEY: "some-key", MCP_TRANSPORT: "pigeon", LUNO_MCP_TRADNG: "auto", OTHER_KEY: "canary" },
    });
    assert.equal(run.code, 2);
    assert.equal(run.stdout, "");
    for (
      const problem of [
        "--log-levl: unknown flag, did you mean --log-level",
        "--exchange:",
        "--seed:",
        "--max-message-size:",
        "MCP_TRANSPORT:",
        "LUNO_MCP_TRADNG: unknown variable, did you mean LUNO_MCP_TRADING",
      ]
    ) {
      assert.ok(run.stderr.includes(problem), `${problem} in ${run.stderr}`);
    }
    assert.ok(!run.stderr.includes("    at "), "a stack trace");
  });

  Deno.test(`${name} tools lists the catalogue with its size`, async () => {
    const { stdout } = await runProgram(program, ["tools"]);
    const listed = JSON.parse(stdout);
    assert.equal(listed.tools.length, 20);
    assert.ok(listed.total_tokens <= 8_000, String(listed.total_tokens));
  });

  Deno.test(`${name} call prints a tool's answer as JSON when piped`, async () => {
    const { code, stdout } = await runProgram(program, [
      "call",
      "get_orderbook",
      "pair=btc-zar",
      "depth=2",
      "--exchange",
      "simulated",
    ]);
    const book = JSON.parse(stdout);
    assert.equal(code, 0);
    assert.equal(book.pair, "XBTZAR");
    assert.equal(book.bids.length, 2);
  });

  Deno.test(`${name} call reads lists, numbers and flags by the tool's schema`, async () => {
    const { code, stdout } = await runProgram(program, [
      "call",
      "get_all_tickers",
      "pairs=XBTZAR,ethzar",
      "fields=pair,last",
      "limit=1",
      "--exchange=simulated",
    ]);
    assert.equal(code, 0, stdout);
    const [ticker] = JSON.parse(stdout).tickers;
    assert.deepEqual(Object.keys(ticker), ["pair", "last"]);
  });

  Deno.test(`${name} call exits with 1 on an error result`, async () => {
    const { code, stdout } = await runProgram(program, [
      "call",
      "get_crypto_price",
      "pair=NOPE",
      "--exchange",
      "simulated",
    ]);
    assert.equal(code, 1);
    assert.equal(JSON.parse(stdout).error.code, "ERR_PAIR_UNKNOWN");
  });

  Deno.test(`${name} call exits with 2 on an unknown tool or malformed argument`, async () => {
    const unknown = await runProgram(program, ["call", "get_orderbok", "--exchange", "simulated"]);
    assert.deepEqual([unknown.code, unknown.stdout], [2, ""]);
    assert.match(unknown.stderr, /unknown tool "get_orderbok", did you mean get_orderbook; run: luno-mcp-server tools/);
    const malformed = await runProgram(program, ["call", "get_orderbook", "XBTZAR", "--exchange", "simulated"]);
    assert.equal(malformed.code, 2);
    assert.match(malformed.stderr, /XBTZAR: expected name=value/);
  });

  Deno.test(`${name} call names the variables to set when a key is missing`, async () => {
    const { code, stdout } = await runProgram(program, [
      "call",
      "get_account_balance",
      "--api-url",
      "http://127.0.0.1:9",
    ]);
    assert.equal(code, 1);
    assert.match(stdout, /ERR_CREDENTIALS_MISSING.*LUNO_API_KEY and LUNO_API_SECRET/);
  });

  Deno.test(`${name} config print shows sources and no secret`, async () => {
    const { code, stdout } = await runProgram(program, ["config", "print", "--log-level", "DEBUG"], {
      env: { LUNO_API_KEY: "key-id-canary", LUNO_API_SECRET: "secret-canary", LUNO_MCP_EXCHANGE: "simulated" },
    });
    assert.equal(code, 0);
    assert.ok(!stdout.includes("canary"), stdout);
    const { settings } = JSON.parse(stdout);
    assert.deepEqual(settings["log-level"], { value: "debug", origin: "flag" });
    assert.deepEqual(settings.exchange, { value: "simulated", origin: "environment" });
    const why = "not used: the embedded exchange has a key of its own";
    assert.deepEqual(settings.LUNO_API_SECRET, { value: "[redacted]", origin: "environment", why });
  });

  Deno.test(`${name} simulator serves Luno's API until a signal, and the server works against it by --api-url`, async () => {
    const simulator = startProgram(program, ["simulator", "--port", "0", "--seed", "7"]);
    const output = readLines(simulator.stdout);
    const { value: first } = await output.next();
    const url = /http:\S+/.exec(String(first))?.[0] ?? "";
    const ticker = await (await fetch(`${url}/api/1/ticker?pair=XBTZAR`)).json();
    assert.equal(ticker.pair, "XBTZAR");
    const env = { LUNO_API_KEY: "simulated_key", LUNO_API_SECRET: "simulated_secret_not_a_real_one" };
    const { code, stdout } = await runProgram(program, [
      "call",
      "get_account_balance",
      "currency=btc",
      "--api-url",
      url,
    ], { env });
    assert.equal(code, 0, stdout);
    assert.equal(JSON.parse(stdout).balances[0].currency, "XBT");
    simulator.kill("SIGTERM");
    await output.return(undefined);
    assert.equal((await simulator.status).code, 0);
    await simulator.stderr.cancel();
    await simulator.stdin.close();
  });

  Deno.test(`${name} simulator resets connections when a fault says so, and keeps serving`, async () => {
    const simulator = startProgram(program, ["simulator", "--port", "0", "--seed", "7"]);
    const output = readLines(simulator.stdout);
    const url = /http\S+$/.exec((await output.next()).value ?? "")?.[0] ?? "";
    const setFaults = async (...faults: readonly object[]) => {
      const response = await fetch(`${url}/_sim/faults`, { method: "PUT", body: JSON.stringify(faults) });
      assert.deepEqual([response.status, (await response.json()).length], [200, faults.length]);
    };
    await setFaults({ kind: "reset", path: "/api/1/ticker" });
    await assert.rejects(fetch(`${url}/api/1/ticker?pair=XBTZAR`));
    await setFaults();
    assert.equal((await (await fetch(`${url}/api/1/ticker?pair=XBTZAR`)).json()).pair, "XBTZAR");
    simulator.kill("SIGTERM");
    await output.return(undefined);
    assert.equal((await simulator.status).code, 0);
    await simulator.stderr.cancel();
    await simulator.stdin.close();
  });

  Deno.test(`${name} simulator names the port in use and exits with 69`, async () => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { code, stderr } = await runProgram(program, ["simulator", "--port", String(taken.addr.port)]);
    taken.close();
    assert.equal(code, 69);
    assert.match(stderr, new RegExp(`--port: .*${taken.addr.port}`));
  });
}
