import assert from "node:assert/strict";
import fc from "fast-check";
import { readArguments } from "../../src/cli/arguments.ts";
import type { Invocation } from "../../src/cli/arguments.ts";
import type { CommandName } from "../../src/cli/commands.ts";
import { SERVER_SETTINGS } from "../../src/config/server_settings.ts";
import { SIMULATOR_SETTINGS } from "../../src/config/simulator_settings.ts";
import type { Setting } from "../../src/config/setting.ts";
import { VERSION } from "../../src/version.ts";

const COMMANDS: readonly CommandName[] = ["serve", "tools", "call", "config", "simulator"];

/** The operands that a command cannot do without. */
const OPERANDS: Partial<Record<CommandName, string[]>> = { call: ["get_fees"], config: ["print"] };

/** The flags of a command: those that take a value, and the switches. */
function flagsOf(command: CommandName): { valued: string[]; switches: string[] } {
  const table = command === "simulator" ? SIMULATOR_SETTINGS : SERVER_SETTINGS;
  const flags = Object.values<Setting>(table).flatMap(({ flag, value }) => flag === undefined ? [] : [{ flag, value }]);
  const { valued = [], switches = [] } = Object.groupBy(flags, ({ value }) => value ? "valued" : "switches");
  return { valued: valued.map(({ flag }) => flag), switches: switches.map(({ flag }) => flag) };
}

/** Reads a command line that must be in order. */
function read(...args: string[]): Invocation {
  const found = readArguments(args);
  assert.ok(found.kind === "run", args.join(" "));
  assert.deepEqual(found.problems, [], args.join(" "));
  return found.invocation;
}

function problemsOf(line: string): string[] {
  const found = readArguments(line.split(" "));
  return found.kind === "run" ? found.problems : [];
}

function printed(...args: string[]): string {
  const found = readArguments(args);
  assert.ok(found.kind === "print", args.join(" "));
  return found.text;
}

Deno.test("readArguments() serves where no command is named", () => {
  assert.deepEqual(read(), { command: "serve", flags: {}, operands: [], json: false, wide: false });
  assert.deepEqual(read("--seed", "3").command, "serve");
  assert.deepEqual(read("serve").command, "serve");
});

for (const command of COMMANDS) {
  Deno.test(`readArguments() reads each flag of ${command}, before and behind operands, in both spellings`, () => {
    const { valued, switches } = flagsOf(command);
    const flags = fc.dictionary(fc.constantFrom(...valued), fc.stringMatching(/^[^-\0][^\0]{0,10}$/));
    fc.assert(fc.property(flags, fc.subarray(switches), fc.boolean(), fc.boolean(), (given, on, isJoined, isBefore) => {
      const words = Object.entries(given).flatMap(([flag, value]) =>
        isJoined ? [`--${flag}=${value}`] : [`--${flag}`, value]
      ).concat(on.map((flag) => `--${flag}`));
      const operands = OPERANDS[command] ?? [];
      const invocation = read(command, ...(isBefore ? [...words, ...operands] : [...operands, ...words]));
      const expected = { ...given, ...Object.fromEntries(on.map((flag) => [flag, "true"])) };
      assert.deepEqual(invocation, { command, flags: expected, operands, json: false, wide: false });
    }));
  });

  Deno.test(`readArguments() prints the help of ${command}: its usage and every setting`, () => {
    const text = printed(command, "--help");
    assert.match(text, new RegExp(`^Usage: luno-mcp-server ${command}`));
    const { valued, switches } = flagsOf(command);
    for (const flag of valued) assert.match(text, new RegExp(`^ +--${flag} <[a-z]+> `, "m"));
    for (const flag of switches) assert.match(text, new RegExp(`^ +--${flag} {2,}[a-z]`, "m"));
    assert.equal(printed(command, "-h"), text);
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    assert.equal(/LUNO_API_SECRET_FILE /.test(text), command !== "simulator");
  });
}

Deno.test("readArguments() prints the program's help: its commands, the settings of serve, the variables", () => {
  const text = printed("--help");
  for (const command of COMMANDS) assert.match(text, new RegExp(`^ +${command} `, "m"));
  for (const flag of Object.values(flagsOf("serve")).flat()) assert.ok(text.includes(` --${flag} `), flag);
  assert.match(text, /LUNO_API_KEY, LUNO_API_KEY_ID/);
  assert.equal(printed("-h"), text);
  assert.equal(printed("--exchange", "simulated", "--help"), text);
});

Deno.test("readArguments() prints the version", () => {
  for (const args of [["--version"], ["-v"], ["--seed", "1", "--version"]]) assert.equal(printed(...args), VERSION);
});

Deno.test("readArguments() reads the arguments of a tool as operands, and --json wherever it stands", () => {
  assert.deepEqual(read("call", "get_crypto_price", "pair=BTC/ZAR", "note=a=b --c", "--json", "limit=-5"), {
    command: "call",
    flags: {},
    operands: ["get_crypto_price", "pair=BTC/ZAR", "note=a=b --c", "limit=-5"],
    json: true,
    wide: false,
  });
  assert.ok(read("call", "get_fees", "--wide").wide);
  assert.ok(read("tools", "--json").json);
  assert.ok(read("config", "--json", "print").json);
});

Deno.test("readArguments() refuses unknown flags and names the nearest known one", () => {
  assert.deepEqual(problemsOf("--exhange live"), ["--exhange: unknown flag, did you mean --exchange"]);
  assert.deepEqual(problemsOf("call get_fees --log-levle=debug"), [
    "--log-levle: unknown flag, did you mean --log-level",
  ]);
  assert.deepEqual(problemsOf("--frobnicate"), ["--frobnicate: unknown flag"]);
  assert.deepEqual(problemsOf("-x"), ["-x: unknown flag"]);
  assert.deepEqual(problemsOf("simulator --exchange live"), ["--exchange: unknown flag"]);
  assert.deepEqual(problemsOf("serve --api-secret=x"), ["--api-secret: unknown flag"]);
});

Deno.test("readArguments() refuses unknown commands and names the nearest known one", () => {
  assert.deepEqual(problemsOf("tols"), ["tols: unknown command, did you mean tools"]);
  assert.deepEqual(problemsOf("frobnicate"), ["frobnicate: unknown command"]);
  assert.deepEqual(problemsOf("--seed 1 tools"), ["tools: expected the command before its flags"]);
});

Deno.test("readArguments() refuses missing and excess operands", () => {
  assert.deepEqual(problemsOf("call"), ["call: expected call <tool> [name=value...]"]);
  assert.deepEqual(problemsOf("config"), ["config: expected config print"]);
  assert.deepEqual(problemsOf("config show"), ["show: expected config print"]);
  assert.deepEqual(problemsOf("config print all"), ["all: unexpected argument"]);
  assert.deepEqual(problemsOf("tools a b"), ["b: unexpected argument"]);
});

Deno.test("readArguments() refuses a flag without its value, and takes no flag for one", () => {
  assert.deepEqual(problemsOf("serve --log-level"), ["--log-level: expected a value"]);
  assert.deepEqual(problemsOf("--log-level --seed 3"), ["--log-level: expected a value"]);
  assert.deepEqual(problemsOf("call get_fees --env-file"), ["--env-file: expected a value"]);
  assert.deepEqual(read("--log-level=").flags, { "log-level": "" });
});

Deno.test("readArguments() refuses a flag that is given twice", () => {
  assert.deepEqual(problemsOf("--seed 1 --seed=2"), ['--seed: expected once, given as "1" and "2"']);
});

Deno.test("readArguments() tells every problem at once, and still says which command and flags it read", () => {
  const found = readArguments("config --bogus=1 show all -x --seed 1 --seed 2 --log-level".split(" "));
  assert.ok(found.kind === "run");
  assert.deepEqual(found.problems.map((problem) => problem.split(":")[0]).toSorted(), [
    "--bogus",
    "--log-level",
    "--seed",
    "-x",
    "all",
    "show",
  ]);
  assert.deepEqual([found.invocation.command, found.invocation.flags], ["config", { seed: "2" }]);
});

Deno.test("readArguments() survives any words", () => {
  const word = fc.oneof(
    fc.constantFrom("--", "-", "--json", "--no-json", "--seed", "--=", "call", "", "help"),
    fc.string(),
  );
  fc.assert(fc.property(fc.array(word, { maxLength: 6 }), (args) => {
    assert.match(readArguments(args).kind, /^(run|print|tool help)$/);
  }));
});

Deno.test("help and version are understood as words, for one command too", () => {
  const printed = (...args: string[]) => {
    const read = readArguments(args);
    return read.kind === "print" ? read.text : assert.fail(read.kind);
  };
  assert.equal(printed("help"), printed("--help"));
  assert.equal(printed("help", "keys"), printed("keys", "--help"));
  assert.equal(printed("version"), printed("--version"));
  const unknown = readArguments(["help", "kyes"]);
  assert.deepEqual(unknown.kind === "run" && unknown.problems, ["kyes: unknown command, did you mean keys"]);
});
