import assert from "node:assert/strict";
import { join } from "node:path";
import { policy } from "../../src/cli/policy.ts";
import { publishedCommand } from "../../src/cli/published.ts";
import { runnerOf } from "./trading_commands.ts";

const runPolicy = runnerOf(policy);
const runAccess = runnerOf(publishedCommand("access"));

/** A state folder with files beside it, removed afterwards. */
async function withFolder(body: (folder: Folder) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await body(new Folder(path));
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

class Folder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get state(): string {
    return join(this.path, "state");
  }

  async write(content: object | string): Promise<string> {
    const path = join(this.path, "file.json");
    await Deno.writeTextFile(path, typeof content === "string" ? content : JSON.stringify(content), { mode: 0o600 });
    return path;
  }

  run(...operands: readonly string[]) {
    return runPolicy({ state: this.state }, { operands, json: true });
  }
}

const FIRST = { default: { mode: "confirm" } };
const SECOND = { default: { mode: "observe" } };

Deno.test("policy publish, versions, show and rollback keep every version, and restore one as a new one", () =>
  withFolder(async (folder) => {
    const first = await folder.run("publish", await folder.write(FIRST));
    assert.deepEqual([first.code, first.stderr], [0, ""]);
    const { version, is_new } = JSON.parse(first.stdout);
    assert.deepEqual([version, is_new], [1, true]);
    const again = JSON.parse((await folder.run("publish", await folder.write(FIRST))).stdout);
    assert.deepEqual([again.version, again.is_new], [1, false]);
    assert.equal(JSON.parse((await folder.run("publish", await folder.write(SECOND))).stdout).version, 2);
    assert.equal(JSON.parse((await folder.run("rollback", "1")).stdout).version, 3);
    const { versions } = JSON.parse((await folder.run("versions")).stdout);
    assert.deepEqual(versions.map(({ version }: { version: number }) => version), [3, 2, 1]);
    assert.equal(versions[0].digest, versions[2].digest);
    const shown = async (...words: readonly string[]) =>
      JSON.parse((await runPolicy({ state: folder.state }, { operands: ["show", ...words] })).stdout);
    assert.deepEqual([await shown(), await shown("2")], [FIRST, SECOND]);
  }));

Deno.test("policy publish reports every problem of a file at once, and publishes nothing of it", () =>
  withFolder(async (folder) => {
    const path = await folder.write({ default: { mod: "auto", max_open_orders: -1 } });
    const { code, stderr } = await runPolicy({ state: folder.state, client: "local" }, { operands: ["publish", path] });
    assert.equal(code, 2);
    assert.match(stderr, /^--client: policy publish does not take it$/m);
    assert.match(stderr, /^policy publish: default\.mod: unknown/m);
    assert.match(stderr, /^policy publish: default\.max_open_orders: expected a whole number from 1/m);
    await folder.run("publish", await folder.write(FIRST));
    const versions = await folder.run("versions");
    assert.equal(JSON.parse(versions.stdout).versions.length, 1);
  }));

Deno.test("policy publish refuses --expect-version when another version is current", () =>
  withFolder(async (folder) => {
    const publish = async (content: object, expected: string) =>
      await runPolicy({ state: folder.state, "expect-version": expected }, {
        operands: ["publish", await folder.write(content)],
      });
    const early = await publish(FIRST, "1");
    assert.equal(early.code, 1);
    assert.match(early.stderr, /Cannot publish as none was published, and not version 1/);
    assert.equal((await publish(FIRST, "0")).code, 0);
    assert.match((await publish(SECOND, "0")).stderr, /Cannot publish as version 1 counts, and not version 0/);
    assert.equal((await publish(SECOND, "1")).code, 0);
  }));

Deno.test("policy show and rollback say which versions are kept", () =>
  withFolder(async (folder) => {
    await folder.run("publish", await folder.write(FIRST));
    const lost = await folder.run("rollback", "7");
    assert.equal(lost.code, 1);
    assert.match(lost.stderr, /Cannot find version 7 of the policy as versions 1 to 1 are kept/);
    const word = await folder.run("rollback", "first");
    assert.equal(word.code, 2);
    assert.match(word.stderr, /policy rollback: expected the number of a version/);
    assert.match((await folder.run("publish")).stderr, /policy publish: expected PATH/);
  }));

for (const operands of [["publish", "FILE"], ["versions"], ["show"], ["rollback", "1"]]) {
  Deno.test(`access ${operands[0]} on a state folder says to edit the file of --access and to reload, with exit code 2`, () =>
    withFolder(async (folder) => {
      const file = await folder.write({ identities: {} });
      const words = operands.map((word) => word === "FILE" ? file : word);
      const { code, stdout, stderr } = await runAccess({ state: folder.state }, { operands: words });
      assert.deepEqual([code, stdout], [2, ""]);
      const [problem, ...rest] = stderr.trimEnd().split("\n");
      assert.equal(
        problem,
        "--state-url: expected a database: not set: the servers of a state folder read the file that their --access names: " +
          "change that one, then run luno-mcp-server reload",
      );
      assert.deepEqual(rest, ["", "See luno-mcp-server --help"]);
    }));
}

Deno.test("access reports every problem of its command line and its file at once", () =>
  withFolder(async (folder) => {
    const path = await folder.write({ identities: { "key:ann": { scopes: ["everything"], rate: 1 } } });
    const { code, stderr } = await runAccess({ state: folder.state }, { operands: ["publish", path, "more"] });
    assert.equal(code, 2);
    assert.match(stderr, /^"?more"?: unexpected argument$/m);
    assert.match(stderr, /^access publish: identities\.key:ann\.scopes\.0: /m);
    assert.match(stderr, /^access publish: identities\.key:ann\.rate: unknown/m);
    assert.match((await runAccess({}, { operands: ["check"] })).stderr, /check: expected access publish, /);
  }));
