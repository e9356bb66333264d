import assert from "node:assert/strict";
import { fail, refuse, say, writeFailure } from "../../src/cli/report.ts";
import { TestWorld } from "./world.ts";

Deno.test("writeFailure() gives the system's reason for a full disk, and nothing of faults of the program", () => {
  const full = Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
  assert.equal(writeFailure(full), "Cannot write as the disk is full: make room and try again (ENOSPC)");
  for (const other of [new TypeError("x"), Object.assign(new Error("x"), { code: "ERR_X" }), "x"]) {
    assert.equal(writeFailure(other), undefined);
  }
});

Deno.test("refuse() points to the help of the command that was typed, or to the program's when the command is unknown", async () => {
  for (const [args, help] of [[["kill", "--x"], "kill --help"], [["kil"], "--help"], [["--x"], "--help"]] as const) {
    const world = new TestWorld({ args: [...args] });
    await refuse(world, ["--x: bad"]);
    assert.equal(world.stderr.text, `--x: bad\n\nSee luno-mcp-server ${help}\n`);
  }
});

Deno.test("refuse() writes every problem to stderr, one per line, and returns exit code 2", async () => {
  const world = new TestWorld();
  assert.equal(await refuse(world, ["--seed: bad", "--config: missing"]), 2);
  assert.equal(world.stderr.text, "--seed: bad\n--config: missing\n\nSee luno-mcp-server --help\n");
});

Deno.test("fail() prints a sentence wrapped to the terminal, or the common shape of errors", async () => {
  const shown = new TestWorld({ args: ["keys"], terminal: true });
  assert.equal(await fail(shown, "many words ".repeat(20)), 1);
  for (const line of shown.stderr.text.split("\n")) assert.ok(line.length <= 80, line);
  const json = new TestWorld({ args: ["keys", "--json"] });
  assert.equal(await fail(json, "Cannot do it"), 1);
  assert.deepEqual(json.stdout.messages, [{ error: { code: "ERR_COMMAND_FAILED", message: "Cannot do it" } }]);
});

Deno.test("say() does not wrap lines when there is no terminal", async () => {
  const world = new TestWorld();
  await say(world, "x ".repeat(100), world.stdout);
  assert.equal(world.stdout.text, `${"x ".repeat(100)}\n`);
});
