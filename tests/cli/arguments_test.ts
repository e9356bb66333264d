import assert from "node:assert/strict";
import fc from "fast-check";
import { readArguments } from "../../src/cli/arguments.ts";
import { commandHelp, programHelp } from "../../src/cli/help.ts";
import type { Invocation } from "../../src/cli/arguments.ts";
import type { CommandName } from "../../src/config/command_settings.ts";
import { COMMAND_SETTINGS } from "../../src/config/command_settings.ts";
import type { Setting } from "../../src/config/setting.ts";
import { VERSION } from "../../src/version.ts";

const COMMANDS: readonly CommandName[] = ["serve", "tools", "call", "config", "simulator"];

/** The required operands of a command. */
const OPERANDS: Partial<Record<CommandName, string[]>> = { call: ["get_fees"], config: ["print"] };

/** The flags of a command: those that take a value, and the switches. */
function flagsOf(command: CommandName): { valued: string[]; switches: string[] } {
  const flags = Object.values<Setting>(COMMAND_SETTINGS[command]).flatMap(({ flag, value }) =>
    flag === undefined ? [] : [{ flag, value }]
  );
  const { valued = [], switches = [] } = Object.groupBy(flags, ({ value }) => value ? "valued" : "switches");
  return { valued: valued.map(({ flag }) => flag), switches: switches.map(({ flag }) => flag) };
}

/** Reads a command line that must be valid. */
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
  if (found.kind === "help") return found.command === undefined ? programHelp() : commandHelp(found.command);
  assert.ok(found.kind === "print", args.join(" "));
  return found.text;
}

Deno.test("readArguments() serves when no command is named", () => {
  assert.deepEqual(read(), { command: "serve", flags: {}, operands: [], json: false, wide: false });
  assert.deepEqual(read("--seed", "3").command, "serve");
  assert.deepEqual(read("serve").command, "serve");
});

for (const command of COMMANDS) {
  Deno.test(`readArguments() reads each flag of ${command}, before and after operands, in both spellings`, () => {
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

Deno.test("readArguments() prints the program's help: its commands, the settings of serve and the environment variables", () => {
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

Deno.test("readArguments() reads the arguments of a tool as operands, and --json at any place", () => {
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
  assert.deepEqual(problemsOf("setup zed --exchange live"), [
    "--exchange: unknown flag of setup: flags of the server follow behind --, as in -- --exchange",
  ]);
  assert.deepEqual(problemsOf("serve --api-secret=x"), ["--api-secret: unknown flag"]);
});

Deno.test("readArguments() refuses unknown commands and names the nearest known one", () => {
  assert.deepEqual(problemsOf("tols"), ["tols: unknown command, did you mean tools"]);
  assert.deepEqual(problemsOf("frobnicate"), ["frobnicate: unknown command"]);
  assert.deepEqual(problemsOf("hlep"), ["hlep: unknown command, did you mean help"]);
  assert.deepEqual(problemsOf("versoin"), ["versoin: unknown command, did you mean version"]);
  assert.deepEqual(problemsOf("--versoin"), ["--versoin: unknown flag, did you mean --version"]);
  // What follows belongs to the command, which is unknown.
  assert.deepEqual(problemsOf("cal get_fees pair=XBTZAR"), ["cal: unknown command, did you mean call"]);
  assert.deepEqual(problemsOf("config prnt"), ["prnt: expected config <print|init path>, did you mean print"]);
  assert.deepEqual(problemsOf("kill --statsu"), ["--statsu: unknown flag, did you mean --status"]);
  assert.deepEqual(problemsOf("--seed 1 tools"), ["tools: expected the command before its flags"]);
});

Deno.test("readArguments() refuses missing and excess operands", () => {
  assert.deepEqual(problemsOf("call"), ["call: expected call <tool> [name=value...]"]);
  assert.deepEqual(problemsOf("config"), ["config: expected config <print|init path>"]);
  assert.deepEqual(problemsOf("config show"), ["show: expected config <print|init path>"]);
  assert.deepEqual(problemsOf("config print all"), ["all: unexpected argument"]);
  assert.deepEqual(problemsOf("tools a b"), ["b: unexpected argument"]);
});

Deno.test("readArguments() refuses a flag without its value, and does not take the next flag as the value", () => {
  assert.deepEqual(problemsOf("serve --log-level"), ["--log-level: expected a value"]);
  assert.deepEqual(problemsOf("--log-level --seed 3"), ["--log-level: expected a value"]);
  assert.deepEqual(problemsOf("call get_fees --env-file"), ["--env-file: expected a value"]);
  assert.deepEqual(read("--log-level=").flags, { "log-level": "" });
});

for (
  const [line, expected] of [
    ["--seed 3 --port=0", { flags: { seed: "3", port: "0" } }],
    ["serve --seed=", { flags: { seed: "" } }],
    ["--seed -1", { flags: { seed: "-1" } }],
    ["--seed -.5e3", { flags: { seed: "-.5e3" } }],
    ["--policy -", { flags: { policy: "-" } }],
    ["--policy=--json", { flags: { policy: "--json" } }],
    ["--policy=a=b", { flags: { policy: "a=b" } }],
    ["--tls-terminated --tls-terminated --seed 1", { flags: { "tls-terminated": "true", seed: "1" } }],
    ["call get_fees limit=-5 --seed 1 a=b", { operands: ["get_fees", "limit=-5", "a=b"], flags: { seed: "1" } }],
    ["-- tools get_fees", { command: "tools", operands: ["get_fees"] }],
    ["tools -- get_fees", { command: "tools", operands: ["get_fees"] }],
    ["tools -- --json", { command: "tools", operands: ["--json"] }],
    ["call -- get_fees -h --seed=1", { command: "call", operands: ["get_fees", "-h", "--seed=1"] }],
    ["keys create alice --scopes market:read", {
      command: "keys",
      operands: ["create", "alice"],
      flags: { scopes: "market:read" },
    }],
    ["kill --reason --lift", { problems: ["--reason: expected a value"], flags: { lift: "true" } }],
    ["--seed -x", { problems: ["--seed: expected a value", "-x: unknown flag"] }],
    ["tools -5", { problems: ["-5: unknown flag"] }],
    ["tools -", { problems: ["-: unknown flag"] }],
    ["tools --no-json", { problems: ["--no-json: unknown flag, did you mean --json"] }],
    ["tools --jsno", { problems: ["--jsno: unknown flag, did you mean --json"] }],
    ["tools --json=true", { problems: ['--json: expected no value, given as "true"'] }],
    ["kill --lift=false", { problems: ['--lift: expected no value, given as "false"'] }],
    ["status --wide", { problems: ["--wide: unknown flag"] }],
    ["client --trading off", { problems: ["--trading: unknown flag"] }],
    ["keys --seed 1 list", { problems: ["--seed: unknown flag"], operands: ["list"] }],
    ["keys --seed=1 list", { problems: ["--seed: unknown flag"], operands: ["list"] }],
    ["call --bogus get_fees", {
      problems: ["--bogus: unknown flag: arguments of tools have no dashes, as in bogus=VALUE"],
    }],
    ["tols --seed 1", { problems: ["tols: unknown command, did you mean tools"], flags: { seed: "1" } }],
    ["tols --bogus", { problems: ["--bogus: unknown flag", "tols: unknown command, did you mean tools"] }],
    ["--json tools", { problems: ["tools: expected the command before its flags"] }],
    ["kill now", { problems: ["now: unexpected argument"] }],
    ["approve 1 2", { problems: ["2: unexpected argument"] }],
    ["audit show 1", { problems: ["1: unexpected argument"] }],
    // It may be a key, which the command does not print.
    ["keys revoke one two", { command: "keys", operands: ["revoke", "one", "two"] }],
    ["status now", { problems: ["now: unexpected argument"] }],
    ["--seed 1 --seed=2 --seed 3", {
      problems: ['--seed: expected once, given as "1" and "2"', '--seed: expected once, given as "2" and "3"'],
    }],
  ] as const satisfies readonly (readonly [string, Partial<Invocation> & { problems?: readonly string[] }])[]
) {
  Deno.test(`readArguments() reads ${line}`, () => {
    const found = readArguments(line.split(" "));
    assert.ok(found.kind === "run");
    const { problems, invocation } = found;
    assert.deepEqual(problems, "problems" in expected ? expected.problems : []);
    const { problems: _problems, ...read }: Partial<Invocation> & { problems?: unknown } = expected;
    for (const [name, value] of Object.entries(read)) {
      assert.deepEqual(invocation[name as keyof Invocation], value, name);
    }
  });
}

Deno.test("readArguments() accepts --help and --version at any place before --", () => {
  const help = printed("tools", "--help");
  for (const line of ["tools --seed --help", "tools --bogus -h", "help tools", "tools -h a b"]) {
    assert.equal(printed(...line.split(" ")), help, line);
  }
  for (const line of ["tools --version", "--bogus -v", "kill --reason -v", "status -h -v"]) {
    assert.equal(printed(...line.split(" ")), VERSION, line);
  }
  assert.deepEqual(read("tools", "--", "-v").operands, ["-v"]);
  assert.equal(printed("--version", "--json"), JSON.stringify({ name: "luno-mcp-server", version: VERSION }));
});

Deno.test("readArguments() explains the tool that a command names", () => {
  for (const line of ["call get_fees --help", "tools get_fees -h", "help call get_fees"]) {
    assert.deepEqual(readArguments(line.split(" ")), { kind: "tool help", tool: "get_fees", json: false }, line);
  }
  const invocation = read("client", "--uri", "ws://localhost:1", "call", "get_fees", "--help");
  assert.deepEqual([invocation.help, invocation.operands], [true, ["call", "get_fees"]]);
});

Deno.test("readArguments() quotes no key and no password of an address in a problem", () => {
  const key = "lunomcp_0123456789ab_00ff00ff";
  for (
    const line of [
      `status ${key}`,
      `config ${key}`,
      key,
      `bridge wss://server.example ${key}`,
      "bridge wss://server.example wss://me:00ff@server.example",
      `client --token=${key} --uri ws://me:00ff@a --uri ws://me:00ff@b`,
      `kill --force=${key}`,
    ]
  ) {
    assert.match(problemsOf(line).join(), /redacted|--token: unknown flag/, line);
    assert.doesNotMatch(problemsOf(line).join(), /00ff/, line);
  }
});

Deno.test("readArguments() refuses a flag that is given twice", () => {
  assert.deepEqual(problemsOf("--seed 1 --seed=2"), ['--seed: expected once, given as "1" and "2"']);
});

Deno.test("readArguments() reports every problem at once, together with the command and flags it read", () => {
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

Deno.test("readArguments() never throws, whatever the arguments", () => {
  const word = fc.oneof(
    fc.constantFrom("--", "-", "--json", "--no-json", "--seed", "--=", "call", "", "help"),
    fc.string(),
  );
  fc.assert(fc.property(fc.array(word, { maxLength: 6 }), (args) => {
    assert.match(readArguments(args).kind, /^(run|print|help|tool help)$/);
  }));
});

Deno.test("help and version also work as words, for a single command too", () => {
  assert.equal(printed("help"), printed("--help"));
  assert.equal(printed("help", "keys"), printed("keys", "--help"));
  assert.equal(printed("version"), printed("--version"));
  const unknown = readArguments(["help", "kyes"]);
  assert.deepEqual(unknown.kind === "run" && unknown.problems, ["kyes: unknown command, did you mean keys"]);
});
