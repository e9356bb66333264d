/**
 * Simulates many clients of one server: each keeps a session, makes calls at a steady rate with one call in flight,
 * pauses when the server asks for it, and reconnects with backoff.
 */

import type { Sleep } from "../timing/sleep.ts";
import { Backoff } from "./reconnect_backoff.ts";
import { ConnectionError } from "./connection_error.ts";
import { callRemoteTool } from "./remote_tool.ts";
import type { ToolRequest } from "./remote_tool.ts";
import { openSession } from "./session.ts";
import type { Session } from "./session.ts";
import type { Endpoint } from "./socket.ts";
import { Tally } from "./tally.ts";
import type { Report } from "./tally.ts";

/** What the clients do, and their environment. */
export interface LoadOptions {
  readonly endpoint: Endpoint;
  readonly clients: number;
  /** Calls that each client starts per second, as far as answers arrive in time. */
  readonly callsPerSecond: number;
  readonly durationMs: number;
  /** Returns the next call of a client. */
  nextRequest(): ToolRequest;
  /** Ends the run early. */
  readonly signal: AbortSignal;
  /** From 0 up to, but not including, 1. */
  random(): number;
  readonly sleep: Sleep;
  /** Monotonic milliseconds. */
  now(): number;
}

/** Time limit of one call. */
const CALL_TIMEOUT_MS = 30_000;

/** How long calls in flight may continue after the end. */
const GRACE_MS = 2_000;

type Opened =
  | { readonly kind: "open"; readonly session: Session }
  | { readonly kind: "refused"; readonly isFinal: boolean; readonly retryAfterMs?: number | undefined };

/** One run. */
export class Load {
  readonly tally = new Tally();
  readonly #options: LoadOptions;
  /** Aborts when no further call may start. */
  readonly #stop = new AbortController();
  /** Aborts the calls in flight. */
  readonly #cut = new AbortController();
  #startedMs = 0;
  #endedMs: number | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** The figures so far. */
  report(): Report {
    const elapsedMs = (this.#endedMs ?? this.#options.now()) - this.#startedMs;
    return this.tally.report({ clients: this.#options.clients, elapsedMs });
  }

  /** Runs for the whole duration, or until every client was permanently rejected. */
  async run(): Promise<Report> {
    const { clients, durationMs, signal, now } = this.#options;
    this.#startedMs = now();
    const stop = (): void => this.#stop.abort();
    this.#stop.signal.addEventListener("abort", () => {
      this.#endedMs = now();
      void this.#wait(GRACE_MS, this.#cut.signal).then(() => this.#cut.abort());
    }, { once: true });
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    void this.#pause(durationMs).then(stop);
    await Promise.all(Array.from({ length: clients }, () => this.#runClient()));
    stop();
    this.#cut.abort();
    signal.removeEventListener("abort", stop);
    return this.report();
  }

  async #runClient(): Promise<void> {
    const { endpoint, random } = this.#options;
    const backoff = new Backoff({ random });
    let isReconnect = false;
    while (!this.#stop.signal.aborted) {
      const opened = await this.#open(endpoint);
      if (opened.kind === "refused" && opened.isFinal) return;
      if (opened.kind === "open") {
        this.tally.opened({ isReconnect });
        isReconnect = true;
        await this.#work(opened.session, backoff).finally(() => this.tally.closed());
      }
      await this.#pause(backoff.next(opened.kind === "refused" ? opened.retryAfterMs : 0));
    }
  }

  async #open(endpoint: Endpoint): Promise<Opened> {
    try {
      return { kind: "open", session: await openSession(endpoint, { signal: this.#stop.signal }) };
    } catch (error) {
      if (this.#stop.signal.aborted) return { kind: "refused", isFinal: true };
      if (!(error instanceof ConnectionError)) throw error;
      const kind = error.status === undefined ? error.code : `${error.code} ${error.status}`;
      if (error.code === "ERR_REFUSED" && error.retryable) this.tally.refused(kind);
      else this.tally.failedToConnect(kind);
      return { kind: "refused", isFinal: !error.retryable, retryAfterMs: error.retryAfterMs };
    }
  }

  /** Makes calls until the end of the run or of the connection. */
  async #work(session: Session, backoff: Backoff): Promise<void> {
    const { callsPerSecond, random, now } = this.#options;
    const interval = 1_000 / callsPerSecond;
    const { transport } = session;
    const gone = new AbortController();
    void transport.ended.then(() => gone.abort());
    const over = AbortSignal.any([gone.signal, this.#stop.signal]);
    let due = now() + random() * interval;
    while (!over.aborted) {
      await this.#wait(due - now(), over);
      if (over.aborted) break;
      due = Math.max(due + interval, now());
      due += await this.#call(session, backoff);
    }
    if (!this.#stop.signal.aborted) this.tally.failed(transport.cause?.code ?? "ERR_LOST");
    await transport.close();
  }

  /** Makes one call; returns the pause that the server asked for, in milliseconds. */
  async #call(session: Session, backoff: Backoff): Promise<number> {
    const { nextRequest, now, random } = this.#options;
    const started = now();
    this.tally.called();
    try {
      const outcome = await callRemoteTool(session, nextRequest(), {
        timeoutMs: CALL_TIMEOUT_MS,
        signal: this.#cut.signal,
      });
      if (outcome.kind !== "disconnected") backoff.reset();
      if (outcome.kind === "answer") this.tally.answered(now() - started);
      if (outcome.kind === "error") this.tally.failed(outcome.code);
      if (outcome.kind === "refusal") {
        this.tally.refused(outcome.code);
        return outcome.retryAfterMs * (1 + random()); // Many clients were given the same time.
      }
      if (outcome.kind === "disconnected" && this.#stop.signal.aborted) this.tally.failed(outcome.cause.code);
    } catch (error) {
      if (!this.#cut.signal.aborted) throw error;
      this.tally.cutOff();
    }
    return 0;
  }

  #pause(milliseconds: number): Promise<void> {
    return this.#wait(milliseconds, this.#stop.signal);
  }

  /** Waits; returns early, without an error, when `signal` aborts. */
  async #wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await this.#options.sleep(Math.max(0, milliseconds), signal).catch(() => {});
  }
}
