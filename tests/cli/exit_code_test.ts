import assert from "node:assert/strict";
import { client } from "../../src/cli/client.ts";
import { exitCodeOf, exitCodeWithoutAnswer } from "../../src/cli/exit_code.ts";
import { checkToolWords } from "../../src/cli/terminal/tool_arguments.ts";
import { selectTools } from "../../src/tools/catalogue.ts";
import { servingTools, TestServer } from "../client/test_server.ts";
import { BrokerWorld, FILL, REST } from "../trading/broker_world.ts";
import type { BrokerWorldOptions } from "../trading/broker_world.ts";
import { TestWorld } from "./world.ts";

const CODES: readonly (readonly [tool: string, answer: Record<string, unknown>, code: number])[] = [
  ["place_order", { status: "placed" }, 0],
  ["place_order", { status: "placed", repeated: true }, 0],
  ["place_order", { status: "awaiting_confirmation" }, 3],
  ["place_order", { status: "unknown" }, 4],
  ["place_order", { status: "something else" }, 4],
  ["place_order", {}, 4],
  ["place_order", { status: "not_placed" }, 5],
  ["create_order", { status: "placed" }, 0],
  ["create_order", { status: "not_placed" }, 5],
  ["replace_order", { status: "replaced", placement: { status: "placed" } }, 0],
  ["replace_order", { status: "repeated", placement: { status: "placed" } }, 0],
  ["replace_order", { status: "awaiting_confirmation" }, 3],
  ["replace_order", { status: "replaced", placement: { status: "unknown" } }, 4],
  ["replace_order", { status: "replaced", placement: { status: "not_placed" } }, 5],
  ["replace_order", { status: "cancelled_only", placement: { status: "not_placed" } }, 5],
  ["replace_order", { status: "nothing_left" }, 5],
  ["replace_order", { status: "not_replaced" }, 5],
  ["cancel_order", { status: "cancelled" }, 0],
  ["cancel_order", { status: "filled" }, 0],
  ["cancel_order", { status: "ended" }, 0],
  ["cancel_order", { status: "open" }, 4],
  ["cancel_order", { status: "not_found" }, 5],
  ["cancel_all_orders", { cancelled: [], remaining: [], is_complete: true }, 0],
  ["cancel_all_orders", { cancelled: [], remaining: [], is_complete: false }, 4],
  ["cancel_all_orders", { cancelled: [], remaining: [{ status: "open" }], is_complete: true }, 4],
  ["preview_order", { placeable: false }, 0],
  ["get_order_status", { status: "unknown" }, 0],
  ["constructor", {}, 0],
];

for (const [tool, answer, code] of CODES) {
  Deno.test(`exitCodeOf() reads ${tool} ${JSON.stringify(answer)} as ${code}`, () => {
    assert.equal(exitCodeOf(tool, answer), code);
  });
}

Deno.test("exitCodeWithoutAnswer() is 4 for every tool that trades, since it may have traded, and 1 for others", () => {
  for (const { name, scope } of selectTools(["market", "account", "trading", "server"]).listed) {
    assert.equal(exitCodeWithoutAnswer(name), scope === "orders:write" ? 4 : 1, name);
  }
});

/** A broker behind a server, and `client call` that connects to it. */
async function withClient(
  options: BrokerWorldOptions,
  body: (world: BrokerWorld, run: (...operands: string[]) => Promise<number>) => Promise<void>,
): Promise<void> {
  await using world = await BrokerWorld.start(options);
  await using server = await TestServer.start({ serve: servingTools(world.context(), {}, ["trading"]) });
  await body(world, async (...operands) => {
    const commandWorld = new TestWorld();
    return await client({ uri: server.url }, { world: commandWorld, problems: [], operands: ["call", ...operands] });
  });
}

function words(order: Readonly<Record<string, string>>): string[] {
  return Object.entries(order).map(([name, value]) => `${name}=${value}`);
}

Deno.test("client call exits with the outcome of the order", () =>
  withClient({}, async (world, run) => {
    assert.equal(await run("place_order", ...words(REST)), 0);
    assert.equal(await run("cancel_order", `order_id=${world.orders[0]?.id}`), 0);
    assert.equal(await run("cancel_order", "order_id=BXNOBODY"), 5);
    assert.equal(await run("place_order", ...words({ ...REST, price: "1" })), 1);
    world.exchange.fault = ({ method }) =>
      method === "POST"
        ? { kind: "rules", rules: [{ kind: "luno_error", code: "ErrInsufficientBalance" }] }
        : undefined;
    assert.equal(await run("place_order", ...words(FILL)), 5);
    world.exchange.fault = ({ path }) =>
      path === "/api/1/postorder" || path.startsWith("/api/exchange/3/order")
        ? { kind: "cut", when: "before" }
        : undefined;
    assert.equal(await run("place_order", ...words(FILL)), 4);
  }));

Deno.test("client call exits with 3 while approval is pending", () =>
  withClient({ bound: "confirm" }, async (world, run) => {
    assert.equal(await run("place_order", ...words(REST)), 3);
    assert.deepEqual(world.sent, []);
  }));

Deno.test("client call exits with 4 when the connection breaks before an order's answer", async () => {
  await using world = await BrokerWorld.start();
  await using server = await TestServer.start({ serve: servingTools(world.context(), {}, ["trading"]) });
  world.exchange.fault = ({ method }) => {
    if (method === "POST") server.breakAll();
    return undefined;
  };
  const operands = ["call", "place_order", ...words(REST)];
  const code = await client({ uri: server.url }, { world: new TestWorld(), problems: [], operands });
  assert.equal(code, 4);
  assert.equal(world.orders.length, 1);
});

Deno.test("checkToolWords() refuses a name that is given twice, and lists all its values", () => {
  assert.deepEqual(checkToolWords(["pair=XBTZAR", "volume=1", "price", "volume=0.001", "volume=1"]), [
    "price: expected name=value",
    'volume: expected once, given as "1" and "0.001" and "1"',
  ]);
  assert.deepEqual(checkToolWords(["a==b", "b=a=b"]), []);
});
