/** Load from a separate process. */

import type { HttpForm } from "./http_wire.ts";
import { measureLoad } from "./load_figures.ts";
import type { LoadFigures } from "./load_figures.ts";

/** The instructions for a generator. */
export interface LoadPlan {
  readonly port: number;
  readonly wire: "websocket" | HttpForm;
  readonly connections: number;
  /** Calls in flight on each connection. */
  readonly inFlight: number;
  /** Tool calls that each connection sends in turn. */
  readonly calls: readonly { readonly name: string; readonly arguments: object }[];
  /**
   * Milliseconds from one call of a connection to its next; 0 sends each as soon as the previous one is answered.
   *
   * @default 0
   */
  readonly everyMs?: number;
  /** Whether the server is a bare one, which knows no sessions. @default false */
  readonly isBare?: boolean;
}

/** A connected generator. */
export class Load implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  readonly #serverPid: number;

  private constructor(child: Deno.ChildProcess, serverPid: number) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#lines = linesOf(child.stdout);
    this.#serverPid = serverPid;
  }

  /** Starts a generator for a server, whose process is `pid`, and waits until all of its connections are open. */
  static async start(plan: LoadPlan, pid: number): Promise<Load> {
    const args = ["run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1", "bench/real/generator.ts"];
    const child = new Deno.Command(Deno.execPath(), {
      args: [...args, JSON.stringify(plan)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const load = new Load(child, pid);
    await load.#line();
    return load;
  }

  /** Sends calls for so long. */
  async run(ms: number): Promise<LoadFigures> {
    return await measureLoad({ server: this.#serverPid, generator: this.#child.pid }, async () => {
      await this.#input.write(new TextEncoder().encode(`${ms}\n`));
      return JSON.parse(await this.#line());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {}); // It may have ended by itself.
    await this.#child.status;
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("The load generator ended: its reason is above");
    return value;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
