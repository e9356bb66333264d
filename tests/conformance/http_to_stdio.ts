/**
 * Streamable HTTP in front of `bridge`, so that the conformance suite, which only speaks HTTP, reaches a server over
 * WebSocket. A connection has one revision, determined by its first message: every session of an older revision gets a
 * separate bridge, well-formed requests of 2026-07-28 share one, and messages without a revision are sent over a bridge
 * that ends with them. HTTP's own requirements (origins, headers) are not this adapter's part.
 */

import { PROTOCOL_VERSION_META_KEY } from "@modelcontextprotocol/client";

/** A running adapter. */
export interface HttpToStdio extends AsyncDisposable {
  /** Where the suite finds `/mcp`. */
  readonly url: string;
}

type Message = { id?: string | number | null; method?: string; params?: Record<string, unknown> };

/** Serves until it is disposed; `start` starts one bridge. */
export function serveHttpToStdio(start: () => Deno.ChildProcess): HttpToStdio {
  const sessions = new Map<string, BridgeProcess>();
  const shared = new BridgeProcess(start());
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const id = request.headers.get("mcp-session-id");
    const session = id === null ? undefined : sessions.get(id);
    if (id !== null && session === undefined) return new Response("Session not found\n", { status: 404 });
    if (request.method === "DELETE" && id !== null) {
      sessions.delete(id);
      await session?.end();
      return new Response(null, { status: 200 });
    }
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST, DELETE" } });
    const message: Message = await request.json();
    if (session !== undefined) return session.answer(message);
    if (isCurrent(message)) return shared.answer(message);
    const opened = new BridgeProcess(start());
    if (message.method !== "initialize") return await opened.answerAndEnd(message);
    const key = crypto.randomUUID();
    sessions.set(key, opened);
    return opened.answer(message, { "mcp-session-id": key });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/mcp`,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await Promise.all([shared, ...sessions.values()].map((each) => each.end()));
    },
  };
}

function isCurrent({ params }: Message): boolean {
  const meta = params?.["_meta"];
  return typeof meta === "object" && meta !== null && PROTOCOL_VERSION_META_KEY in meta &&
    meta[PROTOCOL_VERSION_META_KEY] === "2026-07-28";
}

/** One bridge, and the requests that wait for it. */
class BridgeProcess {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, { id: Message["id"]; stream: ReadableStreamDefaultController<Uint8Array> }>();
  readonly #reading: Promise<void>;
  #last = 0;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** A request is answered by a stream that ends with its answer, anything else by 202. */
  answer(message: Message, headers: Record<string, string> = {}): Response {
    if (message.method === undefined || message.id === undefined) {
      void this.#write(message);
      return new Response(null, { status: 202 });
    }
    // Requests without a session share one bridge, so ids are made unique.
    const key = ++this.#last;
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => void this.#waiting.set(key, { id: message.id, stream }),
      cancel: () => void this.#waiting.delete(key),
    });
    void this.#write({ ...message, id: key });
    return new Response(body, { headers: { ...headers, "content-type": "text/event-stream" } });
  }

  /** Answers one message, in full, and ends. */
  async answerAndEnd(message: Message): Promise<Response> {
    const response = this.answer(message);
    const { status, headers } = response;
    const body = await response.text();
    await this.end();
    return new Response(status === 202 ? null : body, { status, headers });
  }

  async end(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#reading;
    await this.#child.status;
  }

  async #write(message: Message): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`)).catch(() => {});
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#route(JSON.parse(line));
    }
    for (const { stream } of this.#waiting.values()) stream.error(new Error("The bridge ended"));
  }

  /** Answers go to their request; other messages of the server go along the newest stream. */
  #route(message: Message): void {
    const isAnswer = message.method === undefined;
    const key = isAnswer ? Number(message.id) : Math.max(...this.#waiting.keys());
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    const text = JSON.stringify(isAnswer ? { ...message, id: waiting.id } : message);
    waiting.stream.enqueue(new TextEncoder().encode(`event: message\ndata: ${text}\n\n`));
    if (!isAnswer) return;
    this.#waiting.delete(key);
    waiting.stream.close();
  }
}
