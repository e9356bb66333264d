import assert from "node:assert/strict";
import { SharedAnswers } from "../../src/protocol/shared_answers.ts";
import { toResult, toResultJson } from "../../src/protocol/tool_answer.ts";
import { callTool } from "../../src/protocol/tool_call.ts";
import type { ToolOutcome } from "../../src/protocol/tool_call.ts";
import { defineTool, READS_EXCHANGE } from "../../src/tools/tool.ts";
import type { Tool, ToolContext } from "../../src/tools/tool.ts";
import { Markets } from "../../src/market/pairs.ts";
import { z } from "zod";
import { LiveWorld } from "../market/live/live_world.ts";
import { callerOf } from "../support/callers.ts";
import { CountedExchange } from "../support/counted_exchange.ts";
import { everyTool, type Json } from "../support/exchange.ts";

const TICKER = "/api/1/ticker?";
const XBTZAR = { pair: "XBTZAR" };

/** Arguments of every tool that reads the market. */
const CALLS: readonly (readonly [name: string, args: Record<string, unknown>])[] = [
  ["get_crypto_price", XBTZAR],
  ["get_crypto_price", { pair: "btc/zar" }],
  ["get_all_tickers", { currency: "ZAR", fields: ["pair", "bid", "time"] }],
  ["get_market_overview", { limit: 3 }],
  ["get_orderbook", { ...XBTZAR, depth: 10 }],
  ["get_recent_trades", { ...XBTZAR, limit: 5 }],
  ["get_historical_prices", XBTZAR],
  ["get_price_range", { ...XBTZAR, days: 3 }],
];

function toolOf(name: string, find: "find" | "findPlain" = "find"): Tool {
  const tool = everyTool[find](name);
  assert.ok(tool);
  return tool;
}

async function run(
  answers: SharedAnswers,
  { tool = toolOf("get_crypto_price"), args = XBTZAR, context }: {
    tool?: Tool;
    args?: unknown;
    context: ToolContext;
  },
): Promise<ToolOutcome> {
  return await answers.run(tool, args, context);
}

/** What a tool answers, with where its data came from and how old that is. */
function told(outcome: ToolOutcome, added: object = { source: "rest", age_ms: 0 }): Extract<ToolOutcome, { ok: true }> {
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return { ok: true, value: { ...outcome.value, ...added } };
}

Deno.test("SharedAnswers.run() returns for every market tool the same bytes as callTool(), also from its cache", async () => {
  await using world = await CountedExchange.start();
  const answers = new SharedAnswers();
  assert.deepEqual(
    new Set(CALLS.map(([name]) => name)),
    new Set(everyTool.listed.filter(({ group }) => group === "market").map(({ name }) => name)),
  );
  for (const [name, args] of CALLS) {
    for (const tool of [toolOf(name), toolOf(name, "findPlain")]) {
      const expected = told(await callTool(tool, args, world.exchange.context));
      for (let time = 0; time < 2; time++) {
        const outcome = await run(answers, { tool, args, context: world.contextOf() });
        assert.equal(toResultJson(outcome), JSON.stringify(toResult(expected)));
        assert.equal(toResultJson(outcome, ',"a":1'), toResultJson(expected, ',"a":1'));
        assert.deepEqual(toResult(outcome), toResult(expected));
      }
    }
  }
});

Deno.test("SharedAnswers.run() builds an answer once for concurrent callers, and returns it at once to later ones", async () => {
  await using world = await CountedExchange.start();
  const answers = new SharedAnswers();
  const contexts = ["key:alice", "key:bob", "local"].map((identity) => world.contextOf(callerOf(identity)));
  const outcomes = await Promise.all(contexts.map((context) => run(answers, { context })));
  assert.equal(new Set(outcomes).size, 1);
  for (const context of contexts) {
    assert.equal(answers.run(toolOf("get_crypto_price"), XBTZAR, context), outcomes[0]);
  }
  assert.equal(world.count(TICKER), 1);
});

Deno.test("SharedAnswers.run() shows a change within a second, and uses no older reading of the clock", async () => {
  await using world = await CountedExchange.start();
  const answers = new SharedAnswers();
  for (const [name, args] of CALLS) {
    const tool = toolOf(name);
    await run(answers, { tool, args, context: world.contextOf() });
    world.pass(3_600_000);
    const expected = told(await callTool(tool, args, world.exchange.context));
    assert.deepEqual(toResult(await run(answers, { tool, args, context: world.contextOf() })), toResult(expected));
  }
  const first = await run(answers, { context: world.contextOf() });
  const asked = world.count(TICKER);
  world.pass(999);
  const aged = told(first, { source: "rest", age_ms: 999 });
  assert.deepEqual(toResult(await run(answers, { context: world.contextOf() })), toResult(aged));
  assert.equal(world.count(TICKER), asked);
  world.pass(1);
  assert.notDeepEqual(toResult(await run(answers, { context: world.contextOf() })), toResult(first));
  assert.equal(world.count(TICKER), asked + 1);
});

Deno.test("SharedAnswers.run() returns nothing to callers that may not read the market, nor for invalid arguments", async () => {
  await using world = await CountedExchange.start();
  const answers = new SharedAnswers();
  await run(answers, { context: world.contextOf() });
  const denied = await run(answers, { context: world.contextOf(callerOf("key:alice", ["account:read"])) });
  assert.equal(!denied.ok && denied.error.code, "ERR_SCOPE_MISSING");
  for (let time = 0; time < 2; time++) {
    const wrong = await run(answers, { args: { ...XBTZAR, depth: 1 }, context: world.contextOf() });
    assert.equal(!wrong.ok && wrong.error.code, "ERR_INVALID_ARGUMENT");
  }
});

Deno.test("SharedAnswers.run() counts the calls saved by answers that are cached, or being built", async () => {
  await using world = await CountedExchange.start();
  const { saved } = world.shared;
  const answers = new SharedAnswers(saved);
  const askOnce = () => run(answers, { context: world.contextOf() });
  await Promise.all([askOnce(), askOnce(), askOnce()]);
  assert.equal(world.count(TICKER), 1);
  assert.deepEqual(saved.all, { coalesced: 2, cache: 0, stream: 0 });
  await askOnce();
  assert.deepEqual(saved.all, { coalesced: 2, cache: 1, stream: 0 });
  world.pass(1_000);
  await askOnce();
  assert.deepEqual([world.count(TICKER), saved.all.cache], [2, 1]);
});

Deno.test("SharedAnswers.run() caches no failure", async () => {
  await using world = await CountedExchange.start();
  const answers = new SharedAnswers();
  await world.markets.list();
  world.exchange.simulation.faults.set([{ kind: "luno_error", code: "ErrMarketUnavailable", times: 1 }]);
  const outcomes = [
    await run(answers, { context: world.contextOf() }),
    await run(answers, { context: world.contextOf() }),
  ];
  assert.deepEqual(outcomes.map(({ ok }) => ok), [false, true]);
});

Deno.test("SharedAnswers.run() lets one caller abort without affecting the others, and aborts what nobody waits for", async () => {
  await using world = await CountedExchange.start();
  const answers = new SharedAnswers();
  await world.markets.list();
  world.exchange.simulation.faults.set([{ kind: "delay", ms: 50 }]);
  const leaving = new AbortController();
  const left = run(answers, { context: { ...world.contextOf(), signal: leaving.signal } });
  const stays = run(answers, { context: world.contextOf() });
  leaving.abort();
  const gone = await left;
  assert.equal(!gone.ok && gone.error.code, "ERR_CANCELLED");
  assert.equal((await stays).ok, true);
  world.pass(1_000);
  world.exchange.simulation.faults.set([{ kind: "delay", ms: 60_000 }]);
  const alone = new AbortController();
  const abandoned = run(answers, { context: { ...world.contextOf(), signal: alone.signal } });
  alone.abort();
  assert.equal((await abandoned).ok, false);
  world.exchange.simulation.faults.set([]);
  assert.equal((await run(answers, { context: world.contextOf() })).ok, true);
});

Deno.test("SharedAnswers.run() keeps the answers of different exchanges separate", async () => {
  await using world = await CountedExchange.start();
  await using other = await CountedExchange.start({ seed: 8 });
  const answers = new SharedAnswers();
  const bids = [];
  for (const { contextOf } of [world, other].map((each) => ({ contextOf: () => each.contextOf() }))) {
    const outcome = await run(answers, { context: contextOf() });
    bids.push(outcome.ok && (outcome.value as Json).bid);
  }
  assert.notEqual(bids[0], bids[1]);
});

Deno.test("SharedAnswers.run() never shares answers about an account or a caller", async () => {
  await using world = await CountedExchange.start();
  const answers = new SharedAnswers();
  const tool = (run: Tool["run"]) =>
    defineTool({
      name: "get_something",
      title: "Something",
      description: "Something.",
      group: "market",
      scope: "market:read",
      annotations: READS_EXCHANGE,
      input: z.strictObject({}),
      output: z.looseObject({}),
      run,
    });
  const balances = tool(async (_, { exchange, signal }) => ({ ...await exchange.call("getBalances", {}, { signal }) }));
  const status = tool((_, { exchange }) => Promise.resolve({ ...exchange.status() }));
  const who = tool((_, { caller, markets }) => markets.list().then(() => ({ who: caller.identity })));
  for (const forbidden of [balances, status]) {
    const outcome = await run(answers, { tool: forbidden, args: {}, context: world.contextOf() });
    assert.equal(!outcome.ok && outcome.error.code, "ERR_INTERNAL");
  }
  const outcome = await run(answers, { tool: who, args: {}, context: world.contextOf(callerOf("key:alice")) });
  assert.equal(outcome.ok && outcome.value.who, "anybody");
});

Deno.test("SharedAnswers.run() builds constant answers once for callers of equal rights and identity, in both forms, and no refusal of them", async () => {
  await using world = await CountedExchange.start();
  const answers = new SharedAnswers();
  const alice = world.contextOf(callerOf("key:alice"));
  for (const find of ["find", "findPlain"] as const) {
    const tool = toolOf("describe_capabilities", find);
    const expected = await callTool(tool, {}, alice);
    const first = await run(answers, { tool, args: {}, context: alice });
    assert.equal(toResultJson(first, ',"a":1'), toResultJson(expected, ',"a":1'));
    assert.equal(answers.run(tool, {}, world.contextOf(callerOf("key:alice"))), first);
    const others = [callerOf("key:bob"), callerOf("key:alice", ["market:read"])];
    for (const caller of others) {
      const context = world.contextOf(caller);
      const outcome = await run(answers, { tool, args: {}, context });
      assert.deepEqual(toResult(outcome), toResult(await callTool(tool, {}, context)));
      assert.notDeepEqual(toResult(outcome), toResult(first));
    }
    const refused = await run(answers, { tool, args: { some: "thing" }, context: alice });
    assert.equal(refused.ok, false);
    const mute = world.contextOf(callerOf("key:alice", []));
    assert.equal((await run(answers, { tool, args: {}, context: mute })).ok, false);
  }
});

Deno.test("SharedAnswers.run() returns a book at once after every change, if stream and list of markets are in memory", async () => {
  await using world = await LiveWorld.start();
  const { shared, clock, exchange } = world;
  const markets = new Markets(shared, { now: clock.now });
  const now = () => exchange.clock.now;
  const context = { ...exchange.context, market: { exchange: shared, markets, now, monotonic: clock.now } };
  const answers = new SharedAnswers(shared.saved);
  const tool = toolOf("get_orderbook");
  const ask = (args: unknown = XBTZAR) => answers.run(tool, args, context);

  const first = ask();
  assert.ok(first instanceof Promise);
  assert.equal((await first).ok, true);
  clock.jump(1_000);
  await world.follow("XBTZAR");
  for (let change = 0; change < 5; change++) {
    await world.pass("XBTZAR", 1_000);
    const streamed = shared.saved.all.stream;
    for (const args of [XBTZAR, { pair: "btc/zar", depth: 2 }, { pair: "XBTZAR", depth: null }]) {
      const outcome = ask(args);
      assert.ok(!(outcome instanceof Promise));
      const expected = told(await callTool(tool, args, { ...context, exchange: shared }), {
        source: "stream",
        age_ms: 0,
      });
      assert.equal(toResultJson(outcome), JSON.stringify(toResult(expected)));
      assert.equal(ask(args), outcome);
    }
    // Three by answers, three by callTool(), three by answers that were kept.
    assert.equal(shared.saved.all.stream, streamed + 9);
  }
  const before = ask();
  clock.jump(7);
  assert.deepEqual(toResult(await ask()), toResult(told(await before, { source: "stream", age_ms: 7 })));

  for (const args of [{ pair: "XBTZAR", depht: 2 }, { pair: "NOPAIR" }]) {
    assert.deepEqual(await ask(args), await callTool(tool, args, context));
  }
  clock.jump(30_000);
  const asked = ask();
  assert.ok(asked instanceof Promise);
  assert.equal((await asked).ok, true);
});
