import assert from "node:assert/strict";
import { join } from "node:path";
import { policy } from "../../src/cli/policy.ts";
import { policyJsonSchema } from "../../src/trading/policy/policy_schema.ts";
import { runnerOf } from "./trading_commands.ts";

const run = runnerOf(policy);

/** A policy file of its own, removed afterwards. */
async function withPolicy(content: object | string, body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "policy.json");
  await Deno.writeTextFile(path, typeof content === "string" ? content : JSON.stringify(content), { mode: 0o600 });
  try {
    await body(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const CONTENT = {
  default: { mode: "confirm", pairs: ["BTC/ZAR"] },
  identities: { "key:alice": { mode: "auto", max_per_order: { amount: "1000", currency: "ZAR" } } },
};

Deno.test("policy check explains a file in sentences, for every client it names and for all others", () =>
  withPolicy(CONTENT, async (path) => {
    const { code, stdout, stderr } = await run({ policy: path }, { operands: ["check"] });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(
      stdout,
      /^everybody else may place orders that a person approves\n {2}A person approves on the server's page or/,
    );
    assert.match(
      stdout,
      /^local may place .*\n {2}A person approves in the client's dialog, on the server's page or/m,
    );
    const bounded = await run({ policy: path, "confirm-by": "terminal" }, { operands: ["check"] });
    assert.equal(bounded.stdout.match(/^ {2}A person approves with approve in a terminal$/gm)?.length, 2);
    assert.match(stdout, /^key:alice may place orders without approval$/m);
    assert.match(stdout, /^ {2}The value of one order may be at most 1000 ZAR$/m);
  }));

Deno.test("policy check reports every problem of a file at once, with the place of a typo and the known names", () =>
  withPolicy({ default: { mod: "auto", max_open_orders: -1 }, identitys: {} }, async (path) => {
    const { code, stdout, stderr } = await run({ policy: path }, { operands: ["check"] });
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^--policy: default\.mod: unknown: known are mode, confirm_by, pairs, /m);
    assert.match(
      stderr,
      /^--policy: default\.max_open_orders: expected a whole number from 1 to 10000: current value is -1$/m,
    );
    assert.match(stderr, /^--policy: identitys: unknown: known are default, identities$/m);
  }));

Deno.test("policy check reports where a file is not JSON", () =>
  withPolicy('{\n "default": {,}\n}', async (path) => {
    const { code, stderr } = await run({ policy: path }, { operands: ["check"] });
    assert.equal(code, 2);
    assert.match(stderr, /^--policy: the file: expected JSON: cannot read it at line 2 column \d+$/m);
  }));

Deno.test("policy check refuses a file that is missing", async () => {
  const { code, stderr } = await run({ policy: "/tmp/none/policy.json" }, { operands: ["check"] });
  assert.equal(code, 2);
  assert.match(stderr, /^--policy: /);
});

Deno.test("policy explain shows what one client may do, within the limits of the command line", () =>
  withPolicy(CONTENT, async (path) => {
    const explain = async (client: string, trading: string) => {
      const flags = { policy: path, client, trading };
      return (await run(flags, { operands: ["explain"] })).stdout.split("\n")[0];
    };
    assert.equal(await explain("key:alice", "auto"), "key:alice may place orders without approval");
    assert.equal(await explain("key:alice", "confirm"), "key:alice may place orders that a person approves");
    assert.match(await explain("key:alice", "off") ?? "", /^key:alice may look .* and place no orders$/);
    const bob = await run({ policy: path, client: "key:bob" }, { operands: ["explain"] });
    assert.match(bob.stdout, /The policy names no key:bob: this is what holds for everybody else$/m);
    assert.doesNotMatch(
      (await run({ policy: path, client: "key:alice" }, { operands: ["explain"] })).stdout,
      /names no/,
    );
    assert.equal(await explain("key:bob", "auto"), "key:bob may place orders that a person approves");
  }));

Deno.test("policy explain without a file shows the defaults", async () => {
  const { code, stdout } = await run({ client: "local" }, { operands: ["explain"] });
  assert.equal(code, 0);
  assert.match(stdout, /^local may place orders without approval$/m);
  assert.match(stdout, /It may place at most 10 orders per minute/);
  assert.match(stdout, /at most 10 % away from the mid price/);
});

Deno.test("policy prints JSON with --json and when stdout is not a terminal", () =>
  withPolicy(CONTENT, async (path) => {
    for (const options of [{ json: true }, { terminal: false }]) {
      const { stdout } = await run({ policy: path }, { operands: ["check"], ...options });
      const { policies } = JSON.parse(stdout);
      assert.deepEqual(policies.map((row: { identity: string; mode: string }) => [row.identity, row.mode]), [
        ["everybody else", "confirm"],
        ["local", "confirm"],
        ["key:alice", "auto"],
      ]);
      assert.deepEqual(policies[2].max_per_order, { currency: "ZAR", amount: "1000" });
      const { properties } =
        (policyJsonSchema() as { properties: { default: { properties: object } } }).properties.default;
      const own = ["identity", "named", "digest", "sentences"];
      for (const name of policies.flatMap(Object.keys)) assert.ok(own.includes(name) || name in properties, name);
      assert.match(policies[2].digest, /^[0-9a-f]{64}$/);
      assert.ok(policies[2].sentences.includes("The value of one order may be at most 1000 ZAR"));
    }
  }));

Deno.test("policy check --schema prints the JSON Schema of policy files", async () => {
  const { code, stdout } = await run({ schema: "true" }, { operands: ["check"] });
  const schema = JSON.parse(stdout);
  assert.deepEqual([code, schema.type, schema.additionalProperties], [0, "object", false]);
  assert.ok("identities" in schema.properties);
});

Deno.test("policy reports every problem of its command line", async () => {
  const wrong = await run({ trading: "yolo" }, { operands: ["explian"], problems: ["--typo: unknown flag"] });
  assert.equal(wrong.code, 2);
  for (
    const problem of [
      /^--typo/m,
      /^--trading: /m,
      /^explian: expected policy check, explain, publish, rollback, show, versions or init, did you mean explain$/m,
    ]
  ) {
    assert.match(wrong.stderr, problem);
  }
  assert.match((await run({}, { operands: ["explain"] })).stderr, /^--client: expected whose rights to explain/);
  assert.match((await run({ client: "local" }, { operands: ["check"] })).stderr, /^--client: only with policy explain/);
});
