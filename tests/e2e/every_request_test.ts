import assert from "node:assert/strict";
import fc from "fast-check";
import { WebSocket } from "ws";
import { oddMessages, writeMessage } from "./odd_messages.ts";
import type { Opening } from "./odd_messages.ts";
import { INITIALIZE, lines, PROGRAMS, readLines, runProgram, SHIPPED, startProgram } from "./program.ts";
import { ENVELOPE, INITIALIZE_PARAMS } from "./requests.ts";
import type { Json } from "./requests.ts";
import { startServer } from "./servers.ts";

/** No answer takes as long; ids without an answer by then are named in the failure. */
const PATIENCE_MS = 60_000;

const RUNS = 60;

/** What a caller's mistake must never be answered with. */
const INTERNAL_ERROR = -32603;

const OPENINGS: readonly Opening[] = ["none", "2025-11-25", "2026-07-28"];

/** A connection whose answers are counted by id. */
class Counted {
  readonly #send: (text: string) => void;
  readonly #counts = new Map<unknown, number>();
  /** Of all messages so far, since an id may occur again by chance. */
  readonly #wanted = new Map<unknown, number>();
  readonly #optional = new Set<unknown>();
  readonly #texts = new Map<unknown, readonly string[]>();
  readonly #broken: string[] = [];
  #more = Promise.withResolvers<void>();

  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  receive(text: string): void {
    const { id, method, error } = JSON.parse(text);
    if (method !== undefined) return;
    if (error?.code === INTERNAL_ERROR) this.#broken.push(`${text} for ${this.#texts.get(id)?.join(" ")}`);
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    this.#more.resolve();
    this.#more = Promise.withResolvers<void>();
  }

  /** Sends messages, waits for the answers, and checks that there are no others. */
  async exchange(messages: readonly Parameters<typeof writeMessage>[0][], nextId: () => number): Promise<void> {
    for (const message of messages) {
      const { texts, answers, optional } = writeMessage(message, nextId());
      for (const [id, count] of answers) this.#wanted.set(id, (this.#wanted.get(id) ?? 0) + count);
      for (const id of optional) this.#optional.add(id);
      for (const id of answers.keys()) this.#texts.set(id, texts);
      for (const text of texts) this.#send(text);
    }
    const required = [...this.#wanted].filter(([id]) => !this.#optional.has(id));
    await this.#until(required);
    const last = `last ${nextId()}`;
    this.#send(JSON.stringify({ jsonrpc: "2.0", id: last, method: "no/such", params: { _meta: ENVELOPE } }));
    await this.#until([[last, 1]]);
    assert.deepEqual(this.#broken, []);
    for (const [id, count] of required) assert.equal(this.#counts.get(id), count, this.#describe(id));
    for (const id of this.#optional) {
      assert.ok((this.#counts.get(id) ?? 0) <= (this.#wanted.get(id) ?? 0), this.#describe(id));
    }
  }

  async #until(required: readonly (readonly [id: unknown, count: number])[]): Promise<void> {
    const late = AbortSignal.timeout(PATIENCE_MS);
    const tooLate = new Promise<void>((resolve) => late.addEventListener("abort", () => resolve(), { once: true }));
    for (;;) {
      const missing = required.filter(([id, count]) => (this.#counts.get(id) ?? 0) < count);
      if (missing.length === 0) return;
      if (late.aborted) assert.fail(missing.map(([id]) => this.#describe(id)).join("\n"));
      await Promise.race([this.#more.promise, tooLate]);
    }
  }

  #describe(id: unknown): string {
    return `${JSON.stringify(id)} answered ${this.#counts.get(id) ?? 0} times: ${this.#texts.get(id)?.join(" ")}`;
  }
}

function counter(): () => number {
  let number = 0;
  return () => ++number;
}

/** A client's first messages. */
function openingOf(opening: Opening): readonly Json[] {
  if (opening === "none") return [];
  if (opening === "2026-07-28") {
    return [{ jsonrpc: "2.0", id: "opening", method: "server/discover", params: { _meta: ENVELOPE } }];
  }
  return [
    { jsonrpc: "2.0", id: "opening", method: "initialize", params: INITIALIZE_PARAMS },
    { jsonrpc: "2.0", method: "notifications/initialized" },
  ];
}

const HTTP_HEADERS = { "content-type": "application/json", "accept": "application/json, text/event-stream" };

/** Opens a session and returns the headers of its requests. */
async function openSession(address: string): Promise<Record<string, string>> {
  const [opening] = openingOf("2025-11-25");
  const body = JSON.stringify(opening);
  const response = await fetch(`${address}/mcp`, { method: "POST", headers: HTTP_HEADERS, body });
  await response.text();
  return { "mcp-session-id": response.headers.get("mcp-session-id") ?? "", "mcp-protocol-version": "2025-11-25" };
}

/** What a client of 2026-07-28 repeats in headers, as far as a header can express it. */
function headersOf(opening: Opening, text: string): Record<string, string> {
  if (opening !== "2026-07-28") return HTTP_HEADERS;
  const { method, params } = readOrNothing(text);
  const name = params?.name ?? params?.uri;
  const isPlain = (value: unknown): value is string => typeof value === "string" && /^[!-~]+$/.test(value);
  return {
    ...HTTP_HEADERS,
    "mcp-protocol-version": opening,
    ...(isPlain(method) ? { "mcp-method": method } : {}),
    ...(isPlain(name) ? { "mcp-name": name } : {}),
  };
}

function readOrNothing(text: string): Json {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** The answers in a body, whether JSON, a list, or events. */
function answersIn(body: string): string[] {
  if (body === "") return [];
  const events = [...body.matchAll(/^data: (.+)$/gm)].map(([, data = ""]) => data);
  const texts = events.length > 0 ? events : [body];
  return texts.flatMap((text) => [JSON.parse(text)].flat().map((answer) => JSON.stringify(answer)));
}

for (const program of PROGRAMS) {
  Deno.test(`${program.name} answers forty requests with a malformed _meta, then good ones, and ends at EOF`, async () => {
    const ids = Array.from({ length: 40 }, (_, index) => index);
    const bad = ids.map((id) => ({
      jsonrpc: "2.0",
      id,
      method: "tools/list",
      params: { _meta: { progressToken: null } },
    }));
    const good = { jsonrpc: "2.0", id: "good", method: "tools/list" };
    const { code, stdout } = await runProgram(program, [], { input: lines(...INITIALIZE, ...bad, good) });
    const answers = stdout.trim().split("\n").map((line) => JSON.parse(line));
    const refused = answers.filter(({ error }) => error !== undefined);
    assert.deepEqual(refused.map(({ id }) => id), ids);
    assert.deepEqual(refused[0].error, {
      code: -32602,
      message: "Invalid params: _meta.progressToken must be a string or an integer: current value is null",
    });
    assert.ok(answers.some(({ id, result }) => id === "good" && result.tools.length > 0));
    assert.equal(code, 0);
  });
}

for (const program of SHIPPED) {
  for (const opening of OPENINGS) {
    const property = (exchange: (messages: Parameters<Counted["exchange"]>[0]) => Promise<void>) =>
      fc.assert(
        fc.asyncProperty(fc.array(oddMessages(opening), { minLength: 1, maxLength: 30 }), exchange),
        { numRuns: RUNS, interruptAfterTimeLimit: 600_000, markInterruptAsFailure: true },
      );

    Deno.test(`${program.name} answers every request on stdio once, opened by ${opening}, and ends at EOF`, async () => {
      const child = startProgram(program, ["--exchange", "simulated", "--log-level", "error"]);
      const writer = child.stdin.getWriter();
      const encoder = new TextEncoder();
      const client = new Counted((text) => void writer.write(encoder.encode(`${text}\n`)));
      const errors = child.stderr.pipeThrough(new TextDecoderStream());
      const [said] = await Promise.all([
        Array.fromAsync(errors),
        (async () => {
          for await (const line of readLines(child.stdout)) client.receive(line);
        })(),
        (async () => {
          try {
            for (const message of openingOf(opening)) {
              await writer.write(encoder.encode(`${JSON.stringify(message)}\n`));
            }
            const nextId = counter();
            await property((messages) => client.exchange(messages, nextId));
          } finally {
            await writer.close();
          }
        })(),
      ]);
      assert.equal((await child.status).code, 0);
      assert.equal(said.join(""), "");
    });

    Deno.test(`${program.name} answers every request on a WebSocket once, opened by ${opening}`, async () => {
      await using server = await startServer(program, ["--rate-limit", "1000000", "--log-level", "error"]);
      await property(async (messages) => {
        const socket = new WebSocket(server.ws);
        const client = new Counted((text) => socket.send(text));
        socket.on("message", (data) => client.receive(String(data)));
        await new Promise((resolve) => socket.once("open", resolve));
        for (const message of openingOf(opening)) socket.send(JSON.stringify(message));
        await client.exchange(messages, counter());
        await new Promise((resolve) => {
          socket.once("close", resolve);
          socket.close();
        });
      });
    });

    Deno.test(`${program.name} answers every request over HTTP once, opened by ${opening}`, async () => {
      await using server = await startServer(program, ["--rate-limit", "1000000", "--log-level", "error"]);
      const session = opening === "2025-11-25" ? await openSession(server.http) : undefined;
      const nextId = counter();
      await property(async (messages) => {
        const late = AbortSignal.timeout(2 * PATIENCE_MS);
        const posts: Promise<void>[] = [];
        const post = async (text: string) => {
          const headers = { ...headersOf(opening, text), ...session };
          try {
            const response = await fetch(`${server.http}/mcp`, { method: "POST", headers, body: text, signal: late });
            for (const answer of answersIn(await response.text())) client.receive(answer);
          } catch (cause) {
            throw new Error(`no whole response to ${text}`, { cause });
          }
        };
        const client = new Counted((text) => {
          const posted = post(text);
          posted.catch(() => {}); // It is awaited below, unless something else has failed before.
          posts.push(posted);
        });
        await client.exchange(messages, nextId);
        await Promise.all(posts);
      });
    });
  }
}
