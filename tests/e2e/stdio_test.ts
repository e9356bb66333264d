/** The program on stdio as raw bytes: framing, bad input, both ends of a connection's life. */

import assert from "node:assert/strict";
import { INITIALIZE, lines, PROGRAMS, readLines, runProgram, startProgram, toolCall } from "./program.ts";
import type { Program } from "./program.ts";

interface Answer {
  readonly id?: string | number | null;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string };
}

const SIMULATED = ["--exchange", "simulated"];

/** Sends lines after the handshake and answers what came back by id. */
async function exchange(
  program: Program,
  messages: readonly (object | string)[],
  args: readonly string[] = [],
): Promise<Map<unknown, Answer>> {
  const run = await runProgram(program, [...SIMULATED, ...args], { input: lines(...INITIALIZE, ...messages) });
  assert.equal(run.code, 0, run.stderr);
  return new Map(
    run.stdout.trim().split("\n").map((line): [unknown, Answer] => {
      const answer: Answer & { jsonrpc: string } = JSON.parse(line);
      assert.equal(answer.jsonrpc, "2.0");
      return [answer.id, answer];
    }),
  );
}

for (const program of PROGRAMS) {
  const name = `luno-mcp-server (${program.name})`;

  Deno.test(`${name} answers piped input and exits with 0 when its input ends`, async () => {
    const answers = await exchange(program, [toolCall(1, "get_crypto_price", { pair: "BTC/ZAR" }), {
      jsonrpc: "2.0",
      id: 2,
      method: "tools/list",
    }]);
    assert.match(JSON.stringify(answers.get(1)), /"pair\\":\\"XBTZAR\\"/);
    assert.ok(Array.isArray(answers.get(2)?.result?.tools));
  });

  Deno.test(`${name} speaks protocol 2026-07-28 without a handshake`, async () => {
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    };
    const run = await runProgram(program, SIMULATED, {
      input: lines(
        { jsonrpc: "2.0", id: 1, method: "server/discover", params: { _meta: meta } },
        {
          jsonrpc: "2.0",
          id: 2,
          method: "tools/call",
          params: { name: "describe_capabilities", arguments: {}, _meta: meta },
        },
      ),
    });
    const [discovered, called] = run.stdout.trim().split("\n").map((line): Answer => JSON.parse(line));
    assert.match(JSON.stringify(discovered), /2026-07-28/);
    assert.equal(called?.result?.resultType, "complete");
  });

  Deno.test(`${name} answers every malformed line with its id and continues`, async () => {
    const answers = await exchange(program, [
      '{"jsonrpc":"2.0","id":10,"method":"tools/call","params":',
      "garbage",
      [{ jsonrpc: "2.0", id: 11, method: "ping" }, { jsonrpc: "2.0", id: 12, method: "ping" }],
      { jsonrpc: "2.0", method: "tools/call", params: { name: "x", arguments: { big: "x".repeat(3_000) } }, id: 13 },
      { jsonrpc: "2.0", id: 14, method: "no/such" },
      toolCall(15, "no_such_tool"),
      { jsonrpc: "1.0", id: 16, method: "ping" },
      { jsonrpc: "2.0", id: 17, method: "tools/call", params: { name: 5 } },
      toolCall(20, "describe_capabilities"),
    ], ["--max-message-size", "2048"]);
    const codes = [10, null, 11, 12, 13, 14, 15, 16, 17].map((id) => [id, answers.get(id)?.error?.code]);
    assert.deepEqual(codes, [
      [10, -32700],
      [null, -32700],
      [11, -32600],
      [12, -32600],
      [13, -32600],
      [14, -32601],
      [15, -32602],
      [16, -32600],
      [17, -32602],
    ]);
    assert.ok(answers.get(20)?.result);
  });

  Deno.test(`${name} names each invalid argument`, async () => {
    const answers = await exchange(program, [
      toolCall(1, "get_orderbook", { pair: "XBTZAR", dept: 5 }),
      toolCall(2, "get_orderbook", { pair: "XBTZAR", depth: "5" }),
      toolCall(3, "get_orderbook", { depth: 0 }),
      toolCall(4, "get_crypto_price", { pair: "XBTZRA" }),
    ]);
    assert.match(JSON.stringify(answers.get(1)), /dept: unknown argument/);
    assert.match(JSON.stringify(answers.get(2)), /depth: /);
    assert.match(JSON.stringify(answers.get(3)), /pair: .*depth: /);
    assert.match(JSON.stringify(answers.get(4)), /ERR_PAIR_UNKNOWN.*XBTZAR/);
    for (const answer of answers.values()) if (answer.id !== "init") assert.equal(answer.result?.isError, true);
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.test(`${name} exits with 0 on ${signal} though its input stays open`, async () => {
      const child = startProgram(program, SIMULATED);
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(lines(...INITIALIZE)));
      const answers = readLines(child.stdout);
      await answers.next();
      child.kill(signal);
      assert.equal((await child.status).code, 0);
      await answers.return(undefined);
      await child.stderr.cancel();
      await writer.close().catch(() => {});
    });
  }

  Deno.test(`${name} ends quietly when nobody reads its answers any more`, async () => {
    const child = startProgram(program, [...SIMULATED, "--log-level", "info"]);
    const writer = child.stdin.getWriter();
    await child.stdout.cancel();
    await writer.write(new TextEncoder().encode(lines(...INITIALIZE, { jsonrpc: "2.0", id: 2, method: "tools/list" })));
    const { code } = await child.status;
    const stderr = await new Response(child.stderr).text();
    assert.equal(code, 0);
    assert.equal(stderr, "");
    await writer.close().catch(() => {});
  });

  Deno.test(`${name} writes only the protocol to stdout at every log level`, async () => {
    for (const level of ["DEBUG", "info", "Warning", "error"]) {
      const answers = await exchange(program, [
        toolCall(1, "no_such_tool"),
        toolCall(2, "get_crypto_price", { pair: "nope" }),
        "garbage",
      ], ["--log-level", level]);
      assert.equal(answers.size, 4);
    }
  });

  Deno.test(`${name} works on two slow calls concurrently`, async () => {
    const child = startProgram(program, SIMULATED);
    const writer = child.stdin.getWriter();
    await writer.write(
      new TextEncoder().encode(
        lines(...INITIALIZE, toolCall("slow", "get_price_range", { pair: "XBTZAR", days: 90 }), {
          jsonrpc: "2.0",
          id: "fast",
          method: "ping",
        }),
      ),
    );
    const order: unknown[] = [];
    for await (const line of readLines(child.stdout)) {
      order.push(JSON.parse(line).id);
      if (order.length === 3) break;
    }
    assert.deepEqual(order, ["init", "fast", "slow"]);
    await writer.close();
    assert.equal((await child.status).code, 0);
    await child.stderr.cancel();
  });
}
