import assert from "node:assert/strict";
import { join } from "node:path";
import { parseAccess } from "../../src/access/access_file.ts";
import { initOf } from "../../src/cli/init.ts";
import { policy } from "../../src/cli/policy.ts";
import { readArguments } from "../../src/cli/arguments.ts";
import { SAMPLES } from "../../src/cli/samples.ts";
import type { SampleName } from "../../src/cli/samples.ts";
import { loadConfig } from "../../src/config/load.ts";
import { runnerOf } from "./trading_commands.ts";

/** Writes a sample into a folder of its own, removed afterwards. */
async function withSample(name: SampleName, body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "new", `${name}.json`);
  try {
    const { code, stdout, stderr } = await runnerOf(initOf(name))({}, { operands: ["init", path], json: true });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(JSON.parse(stdout), { file: path, explanation: `${path}.md` });
    await body(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("config init writes settings that the server loads, with trading off", () =>
  withSample("config", async (path) => {
    const loaded = await loadConfig({ config: path }, () => undefined);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    assert.deepEqual([loaded.config.exchange, loaded.config.trading], ["simulated", "off"]);
  }));

Deno.test("policy init writes a policy that policy check accepts", () =>
  withSample("policy", async (path) => {
    const { code, stdout, stderr } = await runnerOf(policy)({ policy: path }, { operands: ["check"] });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /The value of one order may be at most 1000 ZAR/);
    assert.match(stdout, /^key:reader /m);
  }));

Deno.test("access init writes a file that the server accepts", () =>
  withSample("access", async (path) => {
    assert.ok(parseAccess(await Deno.readTextFile(path)).ok);
  }));

Deno.test("each sample is explained, member by member, in a page next to it", async () => {
  for (const name of ["config", "policy", "access"] as const) {
    await withSample(name, async (path) => {
      const page = await Deno.readTextFile(`${path}.md`);
      const { default: members = SAMPLES[name].content } = SAMPLES[name].content as { default?: object };
      for (const member of Object.keys(members)) assert.match(page, new RegExp(`^\\| ${member} \\| `, "m"));
      assert.ok(page.includes(path));
      for (const file of [path, `${path}.md`]) assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
    });
  }
});

Deno.test("init overwrites neither a file nor its page, and accepts no flags", () =>
  withSample("policy", async (path) => {
    const before = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, "mine");
    const again = await runnerOf(initOf("policy"))({}, { operands: ["init", path] });
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^Cannot write .*policy\.json as it exists already: name another path$/m);
    await Deno.remove(path);
    assert.match(
      (await runnerOf(initOf("policy"))({}, { operands: ["init", path] })).stderr,
      /policy\.json\.md as it exists/,
    );
    const flagged = await runnerOf(initOf("policy"))({ trading: "auto" }, { operands: ["init", `${path}2`] });
    assert.match(flagged.stderr, /^--trading: policy init does not take it$/m);
    assert.notEqual(before, "mine");
    const below = await runnerOf(initOf("policy"))({}, { operands: ["init", join(`${path}.md`, "x.json")] });
    assert.match(below.stderr, /^Cannot write .*x\.json: [A-Z][a-z ]+$/m);
  }));

Deno.test("init leaves no file when it cannot write both", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // The longest name that a file can have; the page's is longer.
    const path = join(folder, `${"a".repeat(250)}.json`);
    const { code, stderr } = await runnerOf(initOf("policy"))({}, { operands: ["init", path] });
    assert.equal(code, 1);
    assert.match(stderr, /: File name too long$/m);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readArguments() requires one path after init", () => {
  const problemsOf = (...args: string[]) => {
    const read = readArguments(args);
    return read.kind === "run" ? read.problems : [];
  };
  for (const name of ["config", "policy", "access"]) {
    assert.deepEqual(problemsOf(name, "init", "a.json"), []);
    assert.deepEqual(problemsOf(name, "init"), [`${name}: expected ${name} init with one path`]);
    assert.deepEqual(problemsOf(name, "init", "a", "b"), [`${name}: expected ${name} init with one path`]);
  }
});
