/** The program on stdio, for tests that talk to it one call at a time. */

import assert from "node:assert/strict";
import type { Json } from "../support/exchange.ts";
import { INITIALIZE, lines, readLines, startProgram, toolCall } from "./program.ts";
import type { Program, RunOptions } from "./program.ts";

/** A server on stdio whose answers and log are read as they come. */
export class StdioServer implements AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly log: AsyncGenerator<string>;
  readonly #answers: AsyncGenerator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #id = 0;

  constructor(program: Program, args: readonly string[], options: Pick<RunOptions, "env"> = {}) {
    this.child = startProgram(program, args, options);
    this.log = readLines(this.child.stderr);
    this.#answers = readLines(this.child.stdout);
    this.#input = this.child.stdin.getWriter();
  }

  async send(...messages: readonly object[]): Promise<void> {
    await this.#input.write(new TextEncoder().encode(lines(...messages)));
  }

  async initialize(): Promise<void> {
    await this.send(...INITIALIZE);
    await this.#answerTo("init");
  }

  async ping(): Promise<Json> {
    const id = ++this.#id;
    await this.send({ jsonrpc: "2.0", id, method: "ping" });
    return (await this.#answerTo(id)).result;
  }

  async call(name: string, args: Record<string, unknown> = {}): Promise<Json> {
    const id = ++this.#id;
    await this.send(toolCall(id, name, args));
    const { result } = await this.#answerTo(id);
    return result.isError ? JSON.parse(result.content[0].text).error : result.structuredContent;
  }

  /** Reads the log until a line says so. */
  async untilLogged(pattern: RegExp): Promise<void> {
    while (true) {
      const { value, done } = await this.log.next();
      assert.ok(!done, `the log ended without ${pattern}`);
      if (pattern.test(value)) return;
    }
  }

  async #answerTo(id: number | string): Promise<Json> {
    const { value, done } = await this.#answers.next();
    assert.ok(!done, "the server ended");
    const answer = JSON.parse(value);
    assert.equal(answer.id, id);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    for await (const _ of this.log);
    for await (const _ of this.#answers);
    await this.child.status;
  }
}
