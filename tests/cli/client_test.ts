import assert from "node:assert/strict";
import { readArguments } from "../../src/cli/arguments.ts";
import { client } from "../../src/cli/client.ts";
import { brokenLimits, neverConnected } from "../../src/cli/simulate_clients.ts";
import { servingTools, TestServer } from "../client/test_server.ts";
import type { TestServerOptions } from "../client/test_server.ts";
import { TestExchange } from "../support/exchange.ts";
import type { ChannelOptions } from "../../src/transport/channel_parts.ts";
import { TestWorld } from "./world.ts";
import type { TestWorldOptions } from "./world.ts";

/** A server on the simulated exchange, and the command that connects to it. */
class Served implements AsyncDisposable {
  readonly exchange: TestExchange;
  readonly server: TestServer;

  private constructor(exchange: TestExchange, server: TestServer) {
    this.exchange = exchange;
    this.server = server;
  }

  static async start(options: Omit<TestServerOptions, "serve"> & { channel?: ChannelOptions } = {}): Promise<Served> {
    const { channel, ...server } = options;
    const exchange = await TestExchange.start();
    return new Served(exchange, await TestServer.start({ serve: servingTools(exchange.context, channel), ...server }));
  }

  async run(flags: Record<string, string>, options: TestWorldOptions & { operands?: string[]; json?: boolean } = {}) {
    const world = new TestWorld(options);
    const { operands = [], json = false } = options;
    const code = await client({ uri: this.server.url, ...flags }, { world, problems: [], operands, json });
    return { code, stdout: world.stdout.text, stderr: world.stderr.text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.exchange[Symbol.asyncDispose]();
  }
}

Deno.test("client shows the server's name, its protocol versions and its tools", async () => {
  await using served = await Served.start();
  const piped = await served.run({});
  assert.equal(piped.code, 0, piped.stderr);
  const { tools, ...server } = JSON.parse(piped.stdout);
  assert.deepEqual(server, {
    address: served.server.url,
    name: "luno-mcp-server",
    version: "0.0.0",
    protocol: "2026-07-28",
    era: "modern",
    capabilities: ["completions", "prompts", "resources", "tools"],
  });
  assert.deepEqual(tools[0], { name: "get_crypto_price", effect: "reads", title: "Current price" });
  const { stdout } = await served.run({}, { terminal: true });
  assert.match(stdout, /luno-mcp-server[^]*get_crypto_price[^]*20 tools/);
});

Deno.test("client call reads arguments by the server's schema and prints the answer", async () => {
  await using served = await Served.start();
  const operands = ["call", "get_all_tickers", "pairs=XBTZAR,ethzar", "fields=pair,last", "limit=1"];
  const { code, stdout } = await served.run({}, { operands });
  assert.equal(code, 0, stdout);
  const [ticker] = JSON.parse(stdout).tickers;
  assert.deepEqual(Object.keys(ticker), ["pair", "last"]);
});

Deno.test("client call exits with 1 on a tool error, and with 2 on a tool that the server lacks", async () => {
  await using served = await Served.start();
  const failed = await served.run({}, { operands: ["call", "get_crypto_price", "pair=NOPE"] });
  assert.equal(failed.code, 1);
  assert.equal(JSON.parse(failed.stdout).error.code, "ERR_PAIR_UNKNOWN");
  const unknown = await served.run({}, { operands: ["call", "get_orderbok"] });
  assert.deepEqual([unknown.code, unknown.stdout], [2, ""]);
  assert.match(
    unknown.stderr,
    /get_orderbok: unknown tool, or one that this identity may not use, did you mean get_orderbook/,
  );
});

Deno.test("client reports every problem at once, including flags without effect", async () => {
  const world = new TestWorld({ env: { LUNO_MCP_TOKEN: "a-token" } });
  const flags = { uri: "ws://exchange.example", mode: "single", clients: "5", interval: "2", cert: "/no/file" };
  assert.equal(await client(flags, { world, problems: ["--ur: unknown flag"], operands: ["cal"] }), 2);
  for (
    const problem of [
      "--ur: unknown flag",
      "cal: expected call, a tool and its arguments",
      "--clients: only with --mode multi",
      "--interval: only with --pairs in --mode single",
      "ws://exchange.example/: expected wss, as a token travels along",
      "--key: expected --cert and --key together",
      "--cert: only with wss",
    ]
  ) assert.ok(world.stderr.text.includes(problem), `${problem} in ${world.stderr.text}`);
  assert.equal(world.stdout.text, "");
});

Deno.test("client says why it cannot connect", async () => {
  await using served = await Served.start({ refuse: () => "401 Unauthorized" });
  const { code, stderr, stdout } = await served.run({});
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    /refused the connection with HTTP status 401: expected a key or token of the server: set LUNO_MCP_TOKEN/,
  );
});

Deno.test("client call TOOL --help explains the tool as the server describes it", async () => {
  await using served = await Served.start();
  const args = ["client", "--uri", served.server.url, "call", "get_orderbook", "--help"];
  const read = readArguments(args);
  assert.ok(read.kind === "run" && read.invocation.help);
  const world = new TestWorld({ args, terminal: true });
  assert.equal(await client(read.invocation.flags, { ...read.invocation, world, problems: read.problems }), 0);
  assert.match(world.stdout.text, /depth +a whole number from 1 to 100; default 10/);
  assert.match(world.stdout.text, /luno-mcp-server client --uri \S+ call get_orderbook [\\\n ]*pair=XBTZAR/);
  for (const line of world.stdout.text.split("\n")) assert.ok(line.length <= 80, line);
});

Deno.test("client call names the bound of an argument on a terminal, and exits with 1", async () => {
  await using served = await Served.start();
  const operands = ["call", "get_price_range", "pair=XBTZAR", "days=366"];
  const { code, stdout, stderr } = await served.run({}, { operands, terminal: true });
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr.replaceAll(/\n +/g, " "),
    /^ERR_INVALID_ARGUMENT: .*days: expected a whole number from 1 to 365: current value is 366$/m,
  );
});

Deno.test("client --pairs prints a line for each pair and round, or JSON, until the time is up", async () => {
  await using served = await Served.start();
  const flags = { uri: served.server.url, pairs: "btc/zar,ETHZAR", interval: "0.1" };
  const firstLine = async (json: boolean) => {
    const world = new TestWorld();
    const running = client({ ...flags, duration: "3600" }, { world, problems: [], operands: [], json });
    await world.stdout.matching(/\n/);
    world.interrupt();
    assert.equal(await running, 0);
    return world.stdout.text.split("\n")[0] ?? "";
  };
  assert.match(await firstLine(false), /^2026-11-22T10:07:31Z ETHZAR bid \d+ ask \d+ last \d+ volume [\d.]+$/);
  const { tickers } = JSON.parse(await firstLine(true));
  assert.deepEqual(tickers.map(({ pair }: { pair: string }) => pair), ["ETHZAR", "XBTZAR"]);
  // It exits with 1 when nothing was shown by then, as on a busy machine.
  let code: number = 1;
  for (const duration of ["0.3", "3", "30"]) if (code !== 0) ({ code } = await served.run({ ...flags, duration }));
  assert.equal(code, 0);
});

Deno.test("client --pairs redraws its table in place on a terminal", async () => {
  await using served = await Served.start();
  const world = new TestWorld({ terminal: true });
  const flags = { uri: served.server.url, pairs: "XBTZAR", interval: "0.1" };
  const running = client(flags, { world, problems: [], operands: [] });
  // deno-lint-ignore no-control-regex
  await world.stdout.matching(/XBTZAR[^]*\r\u001b\[3A\u001b\[0J[^]*XBTZAR/);
  world.interrupt();
  assert.equal(await running, 0);
});

Deno.test("client --pairs continues after a broken connection, and gives up on a pair that does not exist", async () => {
  await using served = await Served.start();
  const world = new TestWorld();
  const flags = { uri: served.server.url, pairs: "XBTZAR", interval: "0.1" };
  const running = client(flags, { world, problems: [], operands: [] });
  await world.stdout.matching(/XBTZAR/);
  served.server.breakAll();
  await world.stderr.matching(/Connection broke/);
  const before = world.stdout.text.length;
  await world.stdout.matching(new RegExp(`[^]{${before + 10}}`));
  world.interrupt();
  assert.equal(await running, 0);
  const unknown = await served.run({ pairs: "XBTZARR" });
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /Cannot find pair/);
});

Deno.test("client --mode multi reports as text, after progress lines when there is no terminal", async () => {
  await using served = await Served.start();
  const { code, stdout } = await served.run({ mode: "multi", clients: "3", rate: "50", duration: "0.3" });
  assert.equal(code, 0, stdout);
  const told = Object.fromEntries(stdout.trimEnd().split("\n").map((line) => line.split(/(?<=^\S+)\s+/)));
  assert.equal(told.clients, "3");
  assert.equal(told.connects, "3, 0 of them reconnects");
  assert.equal(told.errors, "0 (0.00 %)");
  assert.equal(told.refusals, "0");
  assert.match(told.latency ?? "", /^p50 [\d.]+ +p90 [\d.]+ +p99 [\d.]+ +max [\d.]+ ms$/);
});

Deno.test("client --mode multi --report json writes only the report to stdout", async () => {
  await using served = await Served.start();
  const operands = ["call", "get_orderbook", "pair=XBTZAR", "depth=2"];
  const flags = { mode: "multi", clients: "2", rate: "50", duration: "1.2", report: "json" };
  const { code, stdout, stderr } = await served.run(flags, { operands, terminal: true });
  assert.equal(code, 0, stdout);
  const report = JSON.parse(stdout);
  assert.deepEqual([report.clients, report.connects, report.errors, report.broken], [2, 2, {}, []]);
  assert.match(stderr, /connected/);
});

Deno.test("client --mode multi ends early at a signal and still reports", async () => {
  await using served = await Served.start();
  const world = new TestWorld({ terminal: true });
  const flags = { uri: served.server.url, mode: "multi", clients: "2", duration: "3600" };
  const running = client(flags, { world, problems: [], operands: [] });
  await world.stdout.matching(/2\/2/);
  world.interrupt();
  assert.equal(await running, 0);
  assert.match(world.stdout.text, /clients {3}2\n/);
});

Deno.test("client --mode multi exits with 1 when a limit of its command line is broken", async () => {
  await using served = await Served.start();
  const flags = { mode: "multi", clients: "1", rate: "50", duration: "0.3" };
  const slow = await served.run({ ...flags, "max-p99": "0" });
  assert.equal(slow.code, 1);
  assert.match(slow.stderr, /--max-p99: expected at most 0: current value is/);
  const failing = await served.run({ ...flags, "max-error-rate": "0.5" }, { operands: ["call", "no_such_tool"] });
  assert.equal(failing.code, 1);
  const fine = await served.run({ ...flags, "max-error-rate": "0", "max-p99": "60000" });
  assert.equal(fine.code, 0, fine.stderr);
});

Deno.test("client --mode multi exits with 1 when no client ever had a session", async () => {
  await using served = await Served.start({ refuse: () => "403 Forbidden" });
  const { code, stdout } = await served.run({ mode: "multi", clients: "2", duration: "60" });
  assert.equal(code, 1);
  assert.match(stdout, /ERR_REFUSED 403 2/);
});

Deno.test("brokenLimits() counts a run without answers as breaking every given limit", () => {
  const report = {
    clients: 1,
    duration_s: 1,
    connects: 1,
    reconnects: 0,
    calls: 0,
    calls_per_second: 0,
    answers: 0,
    unfinished: 0,
    errors: {},
    error_rate: 0,
    refusals: {},
    latency_ms: { p50: null, p90: null, p99: null, max: null },
  };
  assert.equal(brokenLimits(report, { maxErrorRate: 1, maxP99: 1_000 }).length, 2);
  assert.equal(brokenLimits(report, { maxErrorRate: 0.1, maxP99: undefined }).length, 1);
  const answered = { ...report, answers: 1, error_rate: 0.2, latency_ms: { ...report.latency_ms, p99: 5 } };
  assert.deepEqual(brokenLimits(answered, { maxErrorRate: 0.2, maxP99: 5 }), []);
  assert.equal(brokenLimits(answered, { maxErrorRate: 0.19, maxP99: 4.9 }).length, 2);
});

Deno.test("neverConnected() counts the clients that had no session, not reconnects", () => {
  assert.deepEqual(neverConnected({ clients: 12, connects: 12, reconnects: 0 }), []);
  assert.deepEqual(neverConnected({ clients: 12, connects: 20, reconnects: 8 }), []);
  assert.deepEqual(neverConnected({ clients: 12, connects: 5, reconnects: 4 }), ["11 of 12 clients never connected"]);
});
