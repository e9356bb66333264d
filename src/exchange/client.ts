/**
 * The exchange client: the only part that speaks HTTP to the exchange. Waits for a place in the budget, keeps the
 * deadline, repeats where that is safe, and returns checked values or throws an `ExchangeError`. `endpoints.ts`
 * describes the endpoints.
 */

import { createRedactor, secretsOf } from "../secrets/redaction.ts";
import { checkAnswer } from "./answer_check.ts";
import { readAnswer } from "./answers.ts";
import type { ClockReading } from "./clock_reading.ts";
import { CallCounts } from "./call_counts.ts";
import type { CallCount } from "./call_counts.ts";
import { Breaker, type BreakerOptions } from "./breaker.ts";
import { CallBudget } from "./budget.ts";
import type { Reservation } from "./call_supply.ts";
import { ExchangeConnections } from "./connections.ts";
import { Deadline } from "../timing/deadline.ts";
import { type Sleep, sleep } from "../timing/sleep.ts";
import type { Priority } from "./endpoint.ts";
import { type AnswerOf, answerSchema, type EndpointName, endpoints, type ParamsOf } from "./endpoints.ts";
import { ExchangeError } from "./errors.ts";
import { cancelled, toFailure } from "./failures.ts";
import { cannot, type Operation } from "./refusals.ts";
import { basicAuthorization, buildRequest, parseOrigin } from "./requests.ts";
import { isAnswer, Reachability } from "./reachability.ts";
import type { ReachabilityStatus } from "./reachability.ts";
import { isTransient, pauseMs } from "./retry.ts";
import { fetchOnce } from "./wire.ts";
import type { WireAnswer, WireRequest } from "./wire.ts";

/** Settings of an {@linkcode ExchangeClient}. */
export interface ExchangeClientOptions {
  /** Scheme, host and port of the exchange, such as `https://api.luno.com`. */
  url: string;
  /** Without them only public data can be read. */
  credentials?: { readonly id: string; readonly secret: string } | undefined;
  /** Shared by all clients of the process. */
  budget?: CallBudget;
  breaker?: Omit<BreakerOptions, "now">;
  /**
   * Attempts at one read.
   *
   * @default {3}
   */
  maxAttempts?: number;
  /**
   * Largest answer in bytes.
   *
   * @default {8_388_608}
   */
  maxBytes?: number;
  /** @default {"luno-mcp-server"} */
  userAgent?: string;
  /** @default {fetchOnce} */
  fetch?: typeof fetch;
  /** Monotonic milliseconds. */
  now?: () => number;
  /** Milliseconds since the Unix epoch; for reading the exchange's clock only. */
  wallClock?: () => number;
  /** From 0 to 1. */
  random?: () => number;
  sleep?: Sleep;
}

/** Options of one call. */
export interface CallOptions {
  /** Aborts the call and its request at once. */
  signal?: AbortSignal | undefined;
  /** Total deadline; the endpoint's own by default. */
  deadlineMs?: number;
  /** Its priority in the budget; `cancel` for reads that serve a cancellation. The endpoint's own by default. */
  priority?: Priority;
  /** Its place in the budget, from {@linkcode ExchangeClient.reserve}: a write that has one leaves without waiting. */
  reservation?: Reservation | undefined;
}

/** The state of the client. */
export interface ClientStatus {
  readonly budget: { readonly limitPerMinute: number; readonly remaining: number };
  readonly breaker: {
    readonly state: "closed" | "open" | "half-open";
    /** How long calls are held back; 0 when they are not. */
    readonly openForMs: number;
  };
  /** `null` before the first answer. */
  readonly clock: ClockReading | null;
  /** Time from sending the last request to the end of its answer; `null` before the first. */
  readonly lastLatencyMs: number | null;
  /** Host, with a port unless it is the default one. */
  readonly host: string;
  readonly reachability: ReachabilityStatus;
  /** Time since the last answer, in milliseconds; infinite before the first. */
  readonly silentForMs: number;
}

/** One call in progress. */
interface Call {
  readonly operation: Operation;
  /** The group of its endpoint. */
  readonly group: Priority;
  readonly priority: Priority;
  readonly request: WireRequest;
  /** Aborts at the total deadline, when the caller gives up, and when the client closes. */
  readonly signal: AbortSignal;
  /** Monotonic milliseconds. */
  readonly endsAt: number;
  readonly attemptMs: number;
  readonly isCancelled: () => boolean;
  readonly reservation: Reservation | undefined;
}

type ReadAnswer<Answer> = (answer: WireAnswer) => Promise<Answer>;

const DEADLINE_MS = 10_000;
const MAX_BYTES = 8 * 1024 * 1024;

/** Calls the exchange's endpoints. Owns connections: {@linkcode ExchangeClient.close} ends them. */
export class ExchangeClient {
  readonly #origin: string;
  readonly #authorization: string | undefined;
  readonly #budget: CallBudget;
  readonly #breaker: Breaker;
  readonly #host: string;
  readonly #reachability: Reachability;
  readonly #connections: ExchangeConnections;
  readonly #counts = new CallCounts();
  readonly #options: Required<Pick<ExchangeClientOptions, "maxAttempts" | "userAgent" | "now" | "random" | "sleep">>;
  readonly #closing = new AbortController();

  /**
   * @throws {TypeError} when `url` is more than an origin, or credentials would travel unencrypted to another machine
   */
  constructor(options: ExchangeClientOptions) {
    const { credentials, now = () => performance.now(), wallClock = Date.now } = options;
    this.#origin = parseOrigin(options.url, { hasCredentials: credentials !== undefined });
    this.#authorization = credentials && basicAuthorization(credentials.id, credentials.secret);
    this.#budget = options.budget ?? new CallBudget({ now });
    this.#breaker = new Breaker({ ...options.breaker, now });
    this.#options = {
      maxAttempts: options.maxAttempts ?? 3,
      userAgent: options.userAgent ?? "luno-mcp-server",
      now,
      random: options.random ?? Math.random,
      sleep: options.sleep ?? sleep,
    };
    this.#host = new URL(this.#origin).host;
    this.#connections = new ExchangeConnections({
      redact: createRedactor(credentials === undefined ? [] : secretsOf(credentials)),
      maxBytes: options.maxBytes ?? MAX_BYTES,
      fetch: options.fetch ?? fetchOnce,
      now,
      wallClock,
    });
    this.#reachability = new Reachability({ host: this.#host, now, wallClock });
  }

  /** Whether calls that need an API key can be made. */
  get hasCredentials(): boolean {
    return this.#authorization !== undefined;
  }

  /**
   * The id of the simulated exchange that answered last; `null` before the first answer, and with the real exchange.
   */
  get simulationId(): string | null {
    return this.#connections.simulationId;
  }

  /** Requests since the client was created; each attempt counts. */
  get callCounts(): readonly CallCount[] {
    return this.#counts.all;
  }

  /** The present state of budget, breaker, clock skew and latency. */
  status(): ClientStatus {
    return {
      budget: { limitPerMinute: this.#budget.limitPerMinute, remaining: this.#budget.remaining },
      breaker: { state: this.#breaker.state, openForMs: this.#breaker.openForMs },
      clock: this.#connections.clock,
      lastLatencyMs: this.#connections.lastLatencyMs,
      host: this.#host,
      reachability: this.#reachability.status,
      silentForMs: this.#reachability.silentForMs,
    };
  }

  /**
   * Calls an endpoint. A read is repeated after a transient failure (429, 5xx, timeout, broken connection) until the
   * deadline; a write is sent exactly once.
   *
   * @throws {ExchangeError} for every failure
   */
  async call<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options: CallOptions = {},
  ): Promise<AnswerOf<Name>> {
    const endpoint = endpoints[name];
    const { title, permission } = endpoint;
    const { priority = endpoint.priority } = options;
    const operation: Operation = { title, permission, isWrite: endpoint.method !== "GET" };
    const { outer, isCancelled } = this.#outerSignals(options.signal);
    const request = buildRequest(endpoint, params, {
      origin: this.#origin,
      userAgent: this.#options.userAgent,
      authorization: permission === "none" ? undefined : this.#authorizationFor(operation),
    });
    const deadlineMs = options.deadlineMs ?? endpoint.timeoutMs ?? DEADLINE_MS;
    using deadline = new Deadline(deadlineMs, outer);
    const call: Call = {
      operation,
      group: endpoint.priority,
      priority,
      request,
      isCancelled,
      reservation: options.reservation,
      signal: deadline.signal,
      endsAt: this.#options.now() + deadlineMs,
      // Half of the time, so that a silent connection leaves room for a second attempt.
      attemptMs: operation.isWrite ? deadlineMs : deadlineMs / 2,
    };
    const reading = {
      schema: answerSchema(name),
      check: (answer: AnswerOf<Name>) => checkAnswer(name, params, answer),
    };
    const startedAt = this.#options.now();
    try {
      return await this.#repeat(call, (answer) => readAnswer(operation, reading, answer));
    } catch (error) {
      if (error instanceof ExchangeError) this.#reachability.failed(error, startedAt);
      throw error;
    }
  }

  /**
   * Waits for the place of one call that is about to be made; the caller makes the call with it, or releases it.
   *
   * @throws {ExchangeError} when the call could not be made now: budget, breaker, credentials, or the signal
   */
  async reserve(name: EndpointName, { signal }: Pick<CallOptions, "signal"> = {}): Promise<Reservation> {
    const { title, permission, priority, method } = endpoints[name];
    const operation: Operation = { title, permission, isWrite: method !== "GET" };
    if (permission !== "none") this.#authorizationFor(operation);
    this.#assertClosedBreaker({ operation, priority });
    const { outer, isCancelled } = this.#outerSignals(signal);
    using ending = new Deadline(DEADLINE_MS, outer);
    return await this.#takeTurn({ operation, priority, signal: ending.signal, isCancelled });
  }

  /** Aborts all calls in flight with `ERR_CANCELLED` and closes the connections. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#connections.close();
  }

  /** The signals that end a call early: the caller's, and the client's own. */
  #outerSignals(signal: AbortSignal | undefined): { outer: AbortSignal[]; isCancelled: () => boolean } {
    const outer = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal];
    return { outer, isCancelled: () => outer.some((each) => each.aborted) };
  }

  #authorizationFor(operation: Operation): string {
    if (this.#authorization !== undefined) return this.#authorization;
    throw new ExchangeError(cannot(operation, "it needs an API key: set LUNO_API_KEY and LUNO_API_SECRET"), {
      code: "ERR_CREDENTIALS_MISSING",
    });
  }

  async #repeat<Answer>(call: Call, read: ReadAnswer<Answer>): Promise<Answer> {
    const { maxAttempts, random, now, sleep } = this.#options;
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#attempt(call, read);
      } catch (error) {
        if (call.operation.isWrite || attempt >= maxAttempts || !isTransient(error)) throw error;
        const pause = pauseMs(attempt, random, error.retryAfterMs);
        if (this.#breaker.openForMs > pause || now() + pause >= call.endsAt) throw error;
        await sleep(pause, call.signal).catch(() => {
          throw call.isCancelled() ? cancelled(call.operation, "none") : error;
        });
      }
    }
  }

  async #attempt<Answer>(call: Call, read: ReadAnswer<Answer>): Promise<Answer> {
    const send = async () => {
      try {
        const value = await this.#noteAnswer(await this.#send(call), read);
        this.#counts.add(call.group);
        return value;
      } catch (error) {
        this.#counts.add(call.group, error);
        throw error;
      }
    };
    this.#assertClosedBreaker(call);
    return await (call.priority === "cancel" ? send() : this.#breaker.run(send));
  }

  async #noteAnswer<Answer>(answer: WireAnswer, read: ReadAnswer<Answer>): Promise<Answer> {
    try {
      const value = await read(answer);
      this.#reachability.answered();
      return value;
    } catch (error) {
      if (error instanceof ExchangeError && isAnswer(error)) this.#reachability.answered();
      throw error;
    }
  }

  /** Cancellations are always tried. */
  #assertClosedBreaker({ operation, priority }: Pick<Call, "operation" | "priority">): void {
    const { openForMs } = this.#breaker;
    if (priority === "cancel" || openForMs === 0) return;
    throw new ExchangeError(
      cannot(operation, "the exchange failed repeatedly and calls are held back for now: try again later"),
      { code: "ERR_UNAVAILABLE", retryable: true, retryAfterMs: Math.ceil(openForMs) },
    );
  }

  async #send(call: Call): Promise<WireAnswer> {
    // The holder of a reservation has decided to send within this turn of the event loop, so nothing may be awaited.
    const reservation = call.reservation ?? await this.#takeTurn(call);
    reservation.use();
    const { isWrite } = call.operation;
    const leftMs = call.endsAt - this.#options.now();
    using limit = new Deadline(Math.max(0, Math.min(call.attemptMs, leftMs)), [call.signal]);
    try {
      return await this.#connections.send(call.request, { isWrite, signal: limit.signal });
    } catch (error) {
      throw toFailure(call.operation, {
        error,
        host: this.#host,
        isCancelled: call.isCancelled(),
        isLate: limit.signal.aborted,
      });
    }
  }

  async #takeTurn(
    { operation, priority, signal, isCancelled }: Pick<Call, "operation" | "priority" | "signal" | "isCancelled">,
  ): Promise<Reservation> {
    const turn = await this.#budget.take(priority, signal).catch(() => {
      if (isCancelled()) throw cancelled(operation, "none");
      return { ok: false, retryAfterMs: 0 } as const;
    });
    if (turn.ok) return turn.reservation;
    throw new ExchangeError(
      cannot(operation, `all ${this.#budget.limitPerMinute} calls of this minute are used: try again later`),
      { code: "ERR_BUDGET_EXHAUSTED", retryable: true, retryAfterMs: Math.ceil(turn.retryAfterMs) },
    );
  }
}
