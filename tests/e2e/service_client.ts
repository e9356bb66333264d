/** A client of a service that reads prices over WebSocket, and reconnects when its connection ends. */

import { WebSocket } from "ws";

/** The experience of a client. */
export interface ClientTally {
  readonly answered: number;
  /** Calls repeated after a failure. */
  readonly retried: number;
  /** Calls that failed twice. */
  readonly failed: number;
  /** For each connection that ended: milliseconds until the next answer. */
  readonly gapsMs: readonly number[];
  /** Close codes of connections. */
  readonly codes: readonly number[];
}

/** Where a client connects, and how often it calls. */
export interface ClientPlan {
  /** `http://…` of the service. */
  readonly url: string;
  readonly key: string;
  /** Milliseconds between an answer and the next call; 0 calls at once. */
  readonly everyMs: number;
}

const CALL = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "get_crypto_price", params: { pair: "XBTZAR" } });

/** Delay before a retry; connecting is delayed at random up to twice as much. */
const RETRY_MS = 100;

/** One client; runs until it is stopped. */
export class ServiceClient {
  readonly #plan: ClientPlan;
  readonly #stop: AbortSignal;
  #answered = 0;
  #retried = 0;
  #failed = 0;
  readonly #gapsMs: number[] = [];
  readonly #codes: number[] = [];
  /** Attempts of the call in progress. */
  #attempts = 0;
  #endedAtMs: number | undefined;

  constructor(plan: ClientPlan, stop: AbortSignal) {
    this.#plan = plan;
    this.#stop = stop;
  }

  get tally(): ClientTally {
    const [answered, retried, failed] = [this.#answered, this.#retried, this.#failed];
    return { answered, retried, failed, gapsMs: this.#gapsMs, codes: this.#codes };
  }

  /** Whether it has reconnected after its last connection ended. */
  get isBack(): boolean {
    return this.#endedAtMs === undefined;
  }

  async run(): Promise<void> {
    while (!this.#stop.aborted) {
      const wasOpen = await this.#connection();
      if (!wasOpen && !this.#stop.aborted) await pause(RETRY_MS * (1 + Math.random()));
    }
  }

  /** Runs until its connection ends; returns whether there was one. */
  #connection(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const { url, key, everyMs } = this.#plan;
    const socket = new WebSocket(url.replace(/^http/, "ws"), { headers: { authorization: `Bearer ${key}` } });
    let isWaiting = false;
    let isOpen = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const close = () => socket.close();
    this.#stop.addEventListener("abort", close, { once: true });
    const ask = () => {
      isWaiting = true;
      this.#attempts++;
      socket.send(CALL);
    };
    socket.on("open", () => {
      isOpen = true;
      ask();
    });
    socket.on("message", (text) => {
      isWaiting = false;
      const answer = JSON.parse(String(text));
      this.#take(answer);
      // The server ends: the next connection is to another one.
      if (answer.error?.data?.code === "ERR_SHUTTING_DOWN") return;
      // A failed call is repeated a moment later.
      const nextMs = this.#attempts > 0 ? RETRY_MS : everyMs;
      if (nextMs === 0) ask();
      else timer = setTimeout(ask, nextMs);
    });
    socket.on("error", () => {}); // A close follows.
    socket.on("close", (code) => {
      clearTimeout(timer);
      this.#stop.removeEventListener("abort", close);
      if (!this.#stop.aborted) this.#lose(isOpen ? code : undefined, isWaiting);
      resolve(isOpen);
    });
    return promise;
  }

  #take(answer: { readonly result?: { readonly pair?: string } }): void {
    if (answer.result?.pair !== "XBTZAR") return this.#comeToNothing();
    this.#answered++;
    this.#attempts = 0;
    if (this.#endedAtMs === undefined) return;
    this.#gapsMs.push(performance.now() - this.#endedAtMs);
    this.#endedAtMs = undefined;
  }

  /** A connection ended, or could not be opened. */
  #lose(code: number | undefined, isWaiting: boolean): void {
    this.#endedAtMs ??= performance.now();
    if (code !== undefined) this.#codes.push(code);
    if (isWaiting) this.#comeToNothing();
  }

  #comeToNothing(): void {
    if (this.#attempts === 1) return void this.#retried++;
    this.#failed++;
    this.#attempts = 0;
  }
}

/** Sums of all clients. */
export function sumTallies(clients: readonly ServiceClient[]): ClientTally {
  const tallies = clients.map(({ tally }) => tally);
  const sum = (count: (tally: ClientTally) => number) => tallies.reduce((total, tally) => total + count(tally), 0);
  return {
    answered: sum(({ answered }) => answered),
    retried: sum(({ retried }) => retried),
    failed: sum(({ failed }) => failed),
    gapsMs: tallies.flatMap(({ gapsMs }) => gapsMs),
    codes: tallies.flatMap(({ codes }) => codes),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
