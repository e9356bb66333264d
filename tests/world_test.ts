import assert from "node:assert/strict";
import { bestEffort, print, refuse, writeFailure } from "../src/world.ts";
import type { Output, World } from "../src/world.ts";

/** An output that takes three bytes at a time, or fails. */
function output(error?: Error): Output & { text(): string } {
  const bytes: number[] = [];
  return {
    write(chunk) {
      if (error !== undefined) return Promise.reject(error);
      bytes.push(...chunk.subarray(0, 3));
      return Promise.resolve(Math.min(3, chunk.length));
    },
    isTerminal: () => false,
    text: () => new TextDecoder().decode(new Uint8Array(bytes)),
  };
}

function worldWith(stderr: Output): World {
  return {
    args: [],
    env: () => undefined,
    stdin: { read: () => Promise.resolve(null), isTerminal: () => false },
    stdout: output(new Error("stdout belongs to the protocol")),
    stderr,
    now: () => 0,
    monotonic: () => 0,
    shutdown: new AbortController().signal,
    onHangup: () => {},
    onUserSignal: () => {},
  };
}

Deno.test("print() writes all of a text and a newline, however little is taken at a time", async () => {
  const stdout = output();
  await print(stdout, "prices: €5 and 😀\nsecond line");
  assert.equal(stdout.text(), "prices: €5 and 😀\nsecond line\n");
});

Deno.test("print() takes a reader that has gone away for no error, and any other failure for one", async () => {
  await print(output(new Deno.errors.BrokenPipe("gone")), "text");
  await assert.rejects(print(output(new Error("disk full")), "text"), /disk full/);
});

Deno.test("bestEffort() writes as long as it can, and fails nobody where it cannot", async () => {
  const stderr = output();
  await print(bestEffort(stderr), "text");
  assert.equal(stderr.text(), "text\n");
  await print(bestEffort(output(new Error("disk full"))), "text");
});

Deno.test("writeFailure() says what the system said of a full disk, and nothing of faults of the program", () => {
  const full = Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
  assert.equal(writeFailure(full), "Cannot write as the disk is full: make room and try again (ENOSPC)");
  for (const other of [new TypeError("x"), Object.assign(new Error("x"), { code: "ERR_X" }), "x"]) {
    assert.equal(writeFailure(other), undefined);
  }
});

Deno.test("refuse() points to the help of the command that was typed, and to the program's where it knows none", async () => {
  for (const [args, help] of [[["kill", "--x"], "kill --help"], [["kil"], "--help"], [["--x"], "--help"]] as const) {
    const stderr = output();
    await refuse({ ...worldWith(stderr), args }, ["--x: bad"]);
    assert.equal(stderr.text(), `--x: bad\n\nSee luno-mcp-server ${help}\n`);
  }
});

Deno.test("refuse() writes every problem to stderr, a line each, and answers exit code 2", async () => {
  const stderr = output();
  assert.equal(await refuse(worldWith(stderr), ["--seed: bad", "--config: missing"]), 2);
  assert.equal(stderr.text(), "--seed: bad\n--config: missing\n\nSee luno-mcp-server --help\n");
});
