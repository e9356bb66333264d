import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSettings } from "../../src/config/parse.ts";
import type { Origin, Sources } from "../../src/config/parse.ts";
import { textWhere } from "../../src/config/reader.ts";
import { Address, oneOf, someOf, wholeNumber } from "../../src/config/readers.ts";
import type { Settings } from "../../src/config/setting.ts";

const TABLE = {
  depth: {
    reader: wholeNumber(1, 1_000),
    help: "",
    flag: "depth",
    value: "n",
    env: ["DEPTH", "OLD_DEPTH"],
    default: "7",
  },
  level: { reader: oneOf("low", "high"), help: "", flag: "level", value: "level", env: ["LEVEL"] },
  groups: { reader: someOf("market", "account"), help: "", flag: "groups", value: "names", env: ["GROUPS"] },
  url: { reader: Address, help: "", flag: "url", value: "url", env: ["URL"] },
  key: { reader: textWhere("a key", (text) => text.startsWith("k")), help: "", env: ["KEY"], secret: true },
  file: { reader: textWhere("a text", () => true), help: "", flag: "file", value: "path", env: [], source: true },
} as const satisfies Settings;

function sources(given: Partial<Omit<Sources, "env">> & { env?: Record<string, string> } = {}): Sources {
  const { env = {}, ...rest } = given;
  return { flags: {}, ...rest, env: (name) => env[name] };
}

function problemsOf(given: Sources): string[] {
  const parsed = parseSettings(TABLE, given);
  return parsed.ok ? [] : parsed.problems;
}

Deno.test("parseSettings() uses the value of the strongest source and reports the source", () => {
  const depth = fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined });
  const given = fc.record({ flag: depth, first: depth, second: depth, envFile: depth, configFile: depth });
  fc.assert(fc.property(given, ({ flag, first, second, envFile, configFile }) => {
    const text = (name: string, value: number | undefined) => value === undefined ? {} : { [name]: String(value) };
    const parsed = parseSettings(
      TABLE,
      sources({
        flags: text("depth", flag),
        env: { ...text("DEPTH", first), ...text("OLD_DEPTH", second) },
        envFile: text("DEPTH", envFile),
        configFile: configFile === undefined ? {} : { depth: configFile },
      }),
    );
    const ranked: [number | undefined, Origin][] = [
      [flag, "flag"],
      [first, "environment"],
      [second, "environment"],
      [envFile, "env file"],
      [configFile, "config file"],
      [7, "default"],
    ];
    const strongest = ranked.find(([value]) => value !== undefined);
    assert.deepEqual([parsed.values.depth, parsed.origins.depth], strongest);
  }));
});

Deno.test("parseSettings() treats an empty variable as unset, and an empty flag as invalid", () => {
  const parsed = parseSettings(TABLE, sources({ env: { DEPTH: "", LEVEL: "" }, envFile: { DEPTH: "" } }));
  assert.equal(parsed.ok, true);
  assert.deepEqual([parsed.values.depth, parsed.origins.depth], [7, "default"]);
  assert.deepEqual([parsed.values.level, parsed.origins.level], [undefined, "unset"]);
  assert.equal(problemsOf(sources({ flags: { depth: "" } })).length, 1);
});

Deno.test("parseSettings() reports every problem at once, each under the typed name, and keeps the valid values", () => {
  const typed = fc.subarray(["flag", "environment", "env file", "config file"] as const, { minLength: 1 });
  fc.assert(fc.property(typed, (origins) => {
    const bad = (origin: (typeof origins)[number], name: string) => origins.includes(origin) ? { [name]: "bad" } : {};
    const parsed = parseSettings(
      TABLE,
      sources({
        flags: bad("flag", "depth"),
        env: { ...bad("environment", "LEVEL"), KEY: "k1" },
        envFile: bad("env file", "GROUPS"),
        configFile: { ...bad("config file", "url"), ...(origins.includes("config file") ? { url: "ftp://x" } : {}) },
      }),
    );
    const names = {
      flag: "--depth",
      environment: "LEVEL",
      "env file": "GROUPS",
      "config file": "url in the config file",
    };
    assert.ok(!parsed.ok);
    assert.deepEqual(
      parsed.problems.map((problem) => problem.split(": ")[0]).toSorted(),
      origins.map((origin) => names[origin]).toSorted(),
    );
    assert.equal(parsed.values.key, "k1");
  }));
});

Deno.test("parseSettings() names the expected and the actual value", () => {
  assert.deepEqual(problemsOf(sources({ flags: { depth: "0" } })), [
    '--depth: expected a whole number from 1 to 1000: current value is "0"',
  ]);
});

Deno.test("parseSettings() reads a config file's numbers and lists like a flag's text", () => {
  const parsed = parseSettings(TABLE, sources({ configFile: { depth: 12, groups: ["account", "market"] } }));
  assert.deepEqual([parsed.values.depth, parsed.values.groups], [12, ["market", "account"]]);
});

Deno.test("parseSettings() refuses what a config file may not contain: unknown names, secrets, other files", () => {
  const configFile = JSON.parse('{"dept": 1, "key": "k1", "KEY": "k1", "file": "other.json", "__proto__": 1}');
  const problems = problemsOf(sources({ configFile }));
  assert.deepEqual(
    problems.map((problem) => problem.split(" in the config file: unknown setting")[0]),
    ["dept", "key", "KEY", "file", "__proto__"],
  );
});

Deno.test("parseSettings() never quotes a secret in a problem, from any source", () => {
  const secret = fc.string({ minLength: 6 }).map((text) => `s3cr3t${text}`);
  fc.assert(fc.property(secret, fc.boolean(), (key, inFile) => {
    const problems = problemsOf(sources(inFile ? { envFile: { KEY: key } } : { env: { KEY: key } }));
    assert.deepEqual(problems, ["KEY: expected a key: current value is [redacted]"]);
  }));
});

Deno.test("parseSettings() omits the user name and password of an address that it refuses", () => {
  for (const url of ["https://me:hush@luno.com", "me:hush@luno.com", "https://me:hu@sh@luno.com/a", "hush@x"]) {
    const [problem = ""] = problemsOf(sources({ env: { URL: url } }));
    assert.match(problem, /^URL: expected an http or https address .*\[redacted\]@/);
    assert.doesNotMatch(problem, /me:|hush|hu@/);
  }
});

Deno.test("parseSettings() keeps a problem short and on one line, for any value", () => {
  const [problem = ""] = problemsOf(sources({ flags: { level: "a\nb\u001b[2J".repeat(10_000) } }));
  assert.ok(problem.length < 1_500);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(problem, /[\u0000-\u001f]/);
});
