/**
 * Clients of a server while the exchange misbehaves: they read, watch, connect and disconnect, and count what they see.
 */

import { type BookHistory, type Comparison, levelsText } from "./book_history.ts";
import { BUSY_PAIR } from "./fault_plan.ts";
import { listenWhile } from "./listener.ts";

/** What clients have seen since the start. */
export interface Seen {
  calls: number;
  /** Answers by their declared source: `stream`, `rest`, `cache (stale)`; errors by their code. */
  readonly answers: Map<string, number>;
  notifications: number;
  /** Connections that the server ended: when and how. */
  readonly disconnected: string[];
  /** Clients that could not connect, and requests whose connection broke before an answer. */
  refused: number;
  readonly compared: Record<Comparison, number>;
  /** Books that the exchange never showed, the first few. */
  readonly wrong: string[];
  /** The slowest call: its name, when it was answered, and how. */
  slowest: { readonly ms: number; readonly what: string };
  /** The ping that took longest, in milliseconds: it waits for nothing but the processor, here and at the server. */
  slowestPing: number;
}

/** The initial counts. */
export function nothingSeen(): Seen {
  return {
    calls: 0,
    answers: new Map(),
    notifications: 0,
    disconnected: [],
    refused: 0,
    compared: { right: 0, wrong: 0, unknown: 0 },
    wrong: [],
    slowest: { ms: 0, what: "" },
    slowestPing: 0,
  };
}

/** What clients need. */
export interface ClientsParts {
  /** `ws://127.0.0.1:PORT`. */
  readonly address: string;
  readonly seen: Seen;
  readonly history: BookHistory;
  /** Ends all of them. */
  readonly signal: AbortSignal;
}

const PAIRS = [BUSY_PAIR, "ETHZAR", "XRPZAR"];
const READERS = 20;
const WATCHERS = 20;
const VISITORS = 10;
const HTTP_READERS = 5;
const HTTP_LISTENERS = 6;
const READ_EVERY_MS = 250;
const LONGEST_VISIT_MS = 20_000;

/** Lets clients connect, some for the whole time, some for seconds; resolves when all have disconnected. */
export async function runClients(parts: ClientsParts): Promise<void> {
  const each = (count: number, run: (index: number) => Promise<void>) =>
    Array.from({ length: count }, (_, index) => run(index));
  await Promise.all([
    ...each(READERS, (index) => readWhile(parts, { index, signal: parts.signal })),
    ...each(WATCHERS, (index) => watchWhile(parts, { index, signal: parts.signal })),
    ...each(VISITORS, (index) => visitAgain(parts, index)),
    pingWhile(parts),
    ...each(HTTP_READERS, (index) => readOverHttp(parts, index)),
    ...each(HTTP_LISTENERS, (index) => listenAgain(parts, index)),
  ]);
}

interface Stay {
  readonly index: number;
  readonly signal: AbortSignal;
}

async function readWhile({ address, seen, history }: ClientsParts, { index, signal }: Stay): Promise<void> {
  using client = await SocketClient.connect(address, seen);
  for (let turn = index; !signal.aborted; turn++) {
    const call = callOf(turn);
    const startedMs = performance.now();
    const { result, error } = await client.request("tools/call", call);
    noteAnswer(seen, call.name, { result, error, ms: performance.now() - startedMs });
    if (call.name === "get_orderbook") compare(result?.structuredContent, { seen, history });
    await pause(READ_EVERY_MS, signal);
  }
}

/** Shows for how long the server, or this process, stood still. */
async function pingWhile({ address, seen, signal }: ClientsParts): Promise<void> {
  using client = await SocketClient.connect(address, seen);
  while (!signal.aborted) {
    const startedMs = performance.now();
    await client.request("ping", {});
    seen.slowestPing = Math.max(seen.slowestPing, performance.now() - startedMs);
    await pause(READ_EVERY_MS, signal);
  }
}

function callOf(turn: number) {
  const pair = PAIRS[turn % PAIRS.length] ?? BUSY_PAIR;
  if (turn % 2 === 0) return { name: "get_orderbook", arguments: { pair: BUSY_PAIR, depth: 10 } };
  const name = ["get_crypto_price", "get_recent_trades", "get_orderbook"][turn % 3] ?? "get_orderbook";
  return { name, arguments: { pair } };
}

async function watchWhile({ address, seen }: ClientsParts, { index, signal }: Stay): Promise<void> {
  using client = await SocketClient.connect(address, seen);
  const pair = PAIRS[index % PAIRS.length];
  const topics = ["orderbook", "ticker", "trades", "candles"].map((topic) => `luno://market/${pair}/${topic}`);
  for (const uri of [...topics, "luno://balances", "luno://orders/open"]) {
    await client.request("resources/subscribe", { uri });
  }
  while (!signal.aborted) {
    await pause(1_000, signal);
    await client.request("resources/unsubscribe", { uri: topics[0] });
    await client.request("resources/subscribe", { uri: topics[0] });
  }
}

/** One client after another, each for a while: half of them read, half of them watch. */
async function visitAgain(parts: ClientsParts, index: number): Promise<void> {
  for (let visit = index; !parts.signal.aborted; visit++) {
    const stay = { index: visit, signal: visitOf(parts) };
    try {
      await (visit % 2 === 0 ? readWhile(parts, stay) : watchWhile(parts, stay));
    } catch {
      parts.seen.refused++;
      await pause(1_000, parts.signal);
    }
  }
}

async function readOverHttp(parts: ClientsParts, index: number): Promise<void> {
  for (let turn = index; !parts.signal.aborted; turn++) {
    try {
      await readOnce(parts, callOf(turn));
    } catch {
      parts.seen.refused++;
    }
    await pause(READ_EVERY_MS, parts.signal);
  }
}

async function readOnce(
  { address, seen, history }: ClientsParts,
  { name, arguments: parameters }: ReturnType<typeof callOf>,
): Promise<void> {
  const startedMs = performance.now();
  const response = await fetch(new URL(`/v1/tools/${name}`, address.replace("ws", "http")), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(parameters),
  });
  const answer = await response.json();
  const error = response.ok ? undefined : answer.error ?? answer;
  const result = response.ok ? { structuredContent: answer } : undefined;
  noteAnswer(seen, `${name} over REST`, { result, error, ms: performance.now() - startedMs });
  if (response.ok && name === "get_orderbook") compare(answer, { seen, history });
}

/** Streams of `subscriptions/listen`, which the client ends after a while by disconnecting. */
async function listenAgain(parts: ClientsParts, index: number): Promise<void> {
  for (let visit = index; !parts.signal.aborted; visit++) {
    const pair = PAIRS[visit % PAIRS.length];
    const uris = [`luno://market/${pair}/orderbook`, `luno://market/${pair}/ticker`, "luno://balances"];
    await listenWhile(parts, { uris, signal: visitOf(parts) });
  }
}

/** Ends after some seconds, or with everything. */
function visitOf({ signal }: ClientsParts): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(Math.random() * LONGEST_VISIT_MS)]);
}

function noteAnswer(seen: Seen, call: string, { result, error, ms }: Answer & { readonly ms: number }): void {
  seen.calls++;
  const { source, stale } = result?.structuredContent ?? {};
  const failure = error === undefined ? /"code":"(\w+)"/.exec(result?.content?.[0]?.text ?? "")?.[1] : errorCode(error);
  const kind = source === undefined ? failure ?? "other" : `${source}${stale === true ? " (stale)" : ""}`;
  if (ms > seen.slowest.ms) seen.slowest = { ms, what: `${call} at ${new Date().toISOString()}: ${kind}` };
  seen.answers.set(kind, (seen.answers.get(kind) ?? 0) + 1);
}

function errorCode(error: object): string {
  return /"code":"(\w+)"/.exec(JSON.stringify(error))?.[1] ?? JSON.stringify(error).slice(0, 100);
}

function compare(answer: Shown | undefined, { seen, history }: Pick<ClientsParts, "seen" | "history">): void {
  const { pair, bids, asks, time, source } = answer ?? {};
  if (pair !== BUSY_PAIR || bids === undefined || asks === undefined || time === undefined) return;
  const levels = levelsText(bids.map(toLevel), asks.map(toLevel));
  history.compare({ timeMs: Date.parse(time), levels, isStream: source === "stream" }, (comparison) => {
    seen.compared[comparison]++;
    if (comparison === "wrong" && seen.wrong.length < 5) seen.wrong.push(`${source} ${time} ${levels}`);
  });
}

function toLevel([price = "", volume = ""]: readonly string[]) {
  return { price, volume };
}

interface Shown {
  readonly pair?: string;
  readonly bids?: readonly (readonly string[])[];
  readonly asks?: readonly (readonly string[])[];
  readonly time?: string;
  readonly source?: string;
  readonly stale?: boolean;
}

interface Answer {
  readonly result?: undefined | {
    readonly structuredContent?: Shown;
    readonly content?: readonly { readonly text?: string }[];
  };
  readonly error?: object | undefined;
}

/** One client of 2025-06-18 over WebSocket. */
class SocketClient implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #nextId = 1;
  #isLeaving = false;

  private constructor(socket: WebSocket, seen: Seen) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const { id, ...answer } = JSON.parse(data);
      if (id === undefined) seen.notifications++;
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    };
    socket.onclose = ({ code, reason }) => {
      if (!this.#isLeaving) seen.disconnected.push(`${new Date().toISOString()} WebSocket ${code} ${reason}`);
      for (const answer of this.#waiting.values()) answer({ error: { code: "disconnected" } });
      this.#waiting.clear();
    };
  }

  static async connect(address: string, seen: Seen): Promise<SocketClient> {
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = (event) => reject(new Error(`Cannot connect to ${address}: ${(event as ErrorEvent).message}`));
    });
    const client = new SocketClient(socket, seen);
    const clientInfo = { name: "bench", version: "1" };
    await client.request("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo });
    socket.send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    return client;
  }

  request(method: string, params: object): Promise<Answer> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.resolve({ error: { code: "disconnected" } });
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return promise;
  }

  [Symbol.dispose](): void {
    this.#isLeaving = true;
    this.#socket.close();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    resolve();
  };
  const timer = setTimeout(end, ms);
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  return promise;
}
