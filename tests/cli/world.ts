/** A world for commands under test: their input and output is text. */

import type { Output, World } from "../../src/world.ts";

/** A test's settings for its world. */
export interface TestWorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Whether stdout and stderr are terminals. @default false */
  readonly terminal?: boolean;
  /** @default [] */
  readonly args?: readonly string[];
  /**
   * Width in columns.
   *
   * @default 80
   */
  readonly columns?: number;
  /**
   * Whether it supports colours.
   *
   * @default false
   */
  readonly colour?: boolean;
}

/** Streams in memory, the real clock, no randomness, and signals sent by the test. */
export class TestWorld implements World {
  readonly args: readonly string[];
  readonly stdout: TestOutput;
  readonly stderr: TestOutput;
  readonly stdin = new TestInput();
  readonly env: (name: string) => string | undefined;
  readonly variables: () => readonly string[];
  readonly terminal: NonNullable<World["terminal"]>;
  readonly #shutdown = new AbortController();

  constructor({ env = {}, terminal = false, columns = 80, colour = false, args = [] }: TestWorldOptions = {}) {
    this.args = args;
    this.terminal = { size: () => ({ columns, rows: 24 }), colour };
    this.env = (name) => env[name];
    this.variables = () => Object.keys(env).filter((name) => env[name] !== "");
    this.stdout = new TestOutput(terminal);
    this.stderr = new TestOutput(terminal);
  }

  get shutdown(): AbortSignal {
    return this.#shutdown.signal;
  }

  /** Interrupts, as SIGINT does. */
  interrupt(): void {
    this.#shutdown.abort();
  }

  onHangup(): void {}

  onUserSignal(): void {}

  now(): number {
    return Date.UTC(2026, 10, 22, 10, 7, 31);
  }

  monotonic(): number {
    return performance.now();
  }

  random(): number {
    return 0;
  }
}

/** Collects what is written. */
export class TestOutput implements Output {
  text = "";
  readonly #terminal: boolean;
  readonly #decoder = new TextDecoder();
  #waiters: { readonly pattern: RegExp; readonly resolve: () => void }[] = [];

  constructor(terminal: boolean) {
    this.#terminal = terminal;
  }

  write(bytes: Uint8Array): Promise<number> {
    this.text += this.#decoder.decode(bytes, { stream: true });
    for (const { pattern, resolve } of this.#waiters) if (pattern.test(this.text)) resolve();
    return Promise.resolve(bytes.length);
  }

  isTerminal(): boolean {
    return this.#terminal;
  }

  /** Resolves once the output matches. */
  matching(pattern: RegExp): Promise<void> {
    if (pattern.test(this.text)) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ pattern, resolve });
    return promise;
  }

  /** Every line as JSON. */
  get messages(): unknown[] {
    return this.text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }
}

/** Provides a test's input. */
class TestInput {
  readonly #chunks: Uint8Array[] = [];
  #isEnded = false;
  #more = Promise.withResolvers<void>();

  type(text: string): void {
    this.#chunks.push(new TextEncoder().encode(text));
    this.#wake();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#isEnded) return null;
      await this.#more.promise;
    }
    const [chunk = new Uint8Array(0)] = this.#chunks.splice(0, 1);
    const taken = chunk.subarray(0, buffer.length);
    buffer.set(taken);
    if (taken.length < chunk.length) this.#chunks.unshift(chunk.subarray(taken.length));
    return taken.length;
  }

  isTerminal(): boolean {
    return false;
  }

  #wake(): void {
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }
}
