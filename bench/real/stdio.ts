/** Prices over stdio, one call and sixteen calls in flight. */

import { contests } from "../programs.ts";
import { contest } from "./contest.ts";
import type { LoadSource } from "./contest.ts";
import { idOf } from "./answer_id.ts";
import { measureLoad } from "./load_figures.ts";
import type { LoadCount, LoadFigures } from "./load_figures.ts";
import type { Row } from "./row.ts";

const CALL = { name: "get_crypto_price", arguments: { pair: "XBTZAR" } };
const NEWLINE = 0x0a;
const OPENING = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "bench", version: "1" } },
};

/** Measures the source and, after `deno task compile`, bundle and binary. */
export async function* stdioRows(): AsyncGenerator<Row> {
  for (const { name, server, bare } of await contests()) {
    for (const inFlight of [1, 16]) {
      await using ours = await StdioLoad.start([...server, "--exchange", "simulated"], inFlight);
      const { answerBytes } = await ours.run(200);
      await using theirs = await StdioLoad.start([...bare, String(Math.round(answerBytes))], inFlight);
      const work = `stdio ${CALL.name}, ${inFlight} in flight`;
      yield { work, with: name, ...await contest(ours, theirs), aim: 0.7, then: 0.85 };
    }
  }
}

/** A program that is called over its stdin; the load runs in this process. */
class StdioLoad implements LoadSource, AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #requests: readonly Uint8Array[];
  /** Bytes of an incomplete answer, from its id on. */
  #rest: Uint8Array = new Uint8Array();

  private constructor(child: Deno.ChildProcess, inFlight: number) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#reader = child.stdout.getReader();
    this.#requests = Array.from(
      { length: inFlight },
      (_, id) => encodeLine({ jsonrpc: "2.0", id, method: "tools/call", params: CALL }),
    );
  }

  static async start([command = "", ...args]: readonly string[], inFlight: number): Promise<StdioLoad> {
    const child = new Deno.Command(command, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
    const load = new StdioLoad(child, inFlight);
    await load.#writer.write(encodeLine(OPENING));
    while ((await load.#lines()).length === 0);
    await load.#writer.write(encodeLine({ jsonrpc: "2.0", method: "notifications/initialized" }));
    return load;
  }

  async run(ms: number): Promise<LoadFigures> {
    return await measureLoad({ server: this.#child.pid, generator: Deno.pid }, () => this.#call(ms));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#reader.cancel();
    await this.#child.status;
  }

  async #call(ms: number): Promise<LoadCount> {
    const startedMs = performance.now();
    let [calls, bytes] = [0, 0];
    let pending = this.#requests.length;
    for (const request of this.#requests) await this.#writer.write(request);
    while (pending > 0) {
      const lines = await this.#lines();
      calls += lines.length;
      for (const { length } of lines) bytes += length;
      if (performance.now() - startedMs >= ms) pending -= lines.length;
      else for (const line of lines) await this.#writer.write(this.#requests[idOf(line)] ?? new Uint8Array());
    }
    return { calls, bytes, elapsedMs: performance.now() - startedMs };
  }

  /** The lines that the next bytes complete. */
  async #lines(): Promise<Uint8Array[]> {
    const { value, done } = await this.#reader.read();
    if (done) throw new Error("The program ended");
    const bytes = new Uint8Array(this.#rest.length + value.length);
    bytes.set(this.#rest);
    bytes.set(value, this.#rest.length);
    const lines: Uint8Array[] = [];
    let at = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
      lines.push(bytes.subarray(at, end));
      at = end + 1;
    }
    this.#rest = bytes.slice(at);
    return lines;
  }
}

function encodeLine(message: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(message)}\n`);
}
