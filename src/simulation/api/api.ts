/**
 * The exchange's API as a function from request to response: faults, rate limit, credentials, routing, headers, and the
 * upgrade to a stream. It opens no socket; `server.ts` does.
 */

import { accountRoutes } from "./account_routes.ts";
import { ConnectionReset, faultAfter, faultBefore, refusalResponse, tooManyRequests } from "./fault_effects.ts";
import { answerFaultRequest, FAULTS_PATH } from "./fault_route.ts";
import { Faults, type RequestFault } from "./faults.ts";
import { fundingRoutes } from "./funding_routes.ts";
import { authorise, keyOf, type SimulatedKey, Unauthorised, unauthorisedResponse } from "./simulated_keys.ts";
import { marketRoutes } from "./market_routes.ts";
import type { PriceModel } from "../model/market_data.ts";
import { type Settings, type SimulationOptions, withDefaults } from "../options.ts";
import { orderRoutes } from "./order_routes.ts";
import { paymentRoutes } from "./payment_routes.ts";
import { Parameters } from "./parameters.ts";
import { RateLimit } from "./simulated_rate_limit.ts";
import { Refusal } from "../engine/refusal.ts";
import { BodyTooLargeError } from "../../network/body_text.ts";
import { readForm } from "./request_form.ts";
import { NO_CONTENT, RenderedJson, type RouteMatch, Router } from "./route.ts";
import { simulatedOrders } from "./simulated_orders.ts";
import { createSimulation, type Simulation } from "../simulation.ts";
import { isStreamPath, Streams } from "../streams/streams.ts";

/** What the API needs in addition to its options. */
export interface ApiOptions extends SimulationOptions {
  /** Milliseconds since the Unix epoch; the only clock. */
  readonly now: () => number;
  /** Aborts the waits of delay faults. */
  readonly signal?: AbortSignal;
  /** Quotes and trades of others. @default those of the seed */
  readonly model?: PriceModel | undefined;
}

/** The API of one simulated exchange. */
export interface Api {
  /**
   * Answers one request; `reset` resets its connection afterwards, if that is possible.
   *
   * @throws {ConnectionReset} when a fault requires the connection to be reset
   */
  handle(request: Request, reset?: () => void): Promise<Response>;
  readonly faults: Faults;
  /** The simulation behind it, created when first used, by a request or here. */
  readonly simulation: Simulation;
  /** Closes every stream. */
  close(): void;
}

/**
 * Creates a simulated exchange and its API; the exchange's present begins at `now()`.
 *
 * @throws {RangeError} when `faults` is not a list of valid rules
 */
export function createApi(options: ApiOptions): Api {
  return new ApiHandler(options);
}

const PUBLIC_DATA = "public, max-age=1";

/**
 * The header with the stream's sequence number at the time of a market data answer, while that stream is being read.
 */
const SEQUENCE_HEADER = "x-simulated-sequence";

/** The exchange with its history, and its routes. */
interface Opened {
  readonly simulation: Simulation;
  readonly router: Router;
  readonly streams: Streams;
}

class ApiHandler implements Api {
  readonly faults: Faults;
  readonly #settings: Settings;
  readonly #startMs: number;
  readonly #rateLimit: RateLimit;
  readonly #now: () => number;
  readonly #signal: AbortSignal | undefined;
  readonly #model: PriceModel | undefined;
  #latestMs: number;
  #opened: Opened | undefined;

  constructor({ now, signal, model, ...options }: ApiOptions) {
    this.#now = now;
    this.#signal = signal;
    this.#model = model;
    this.#startMs = Math.floor(now());
    this.#latestMs = this.#startMs;
    const settings = withDefaults(options);
    this.#settings = settings;
    this.faults = new Faults(settings.seed);
    this.faults.set(settings.faults);
    this.#rateLimit = new RateLimit({ perMinute: settings.rateLimitPerMinute, scope: settings.rateLimitScope });
  }

  get simulation(): Simulation {
    return this.#open().simulation;
  }

  /** Generating the history takes a tenth of a second, which should not delay the start of a server. */
  #open(): Opened {
    if (this.#opened !== undefined) return this.#opened;
    const simulation = createSimulation(this.#settings, this.#startMs, this.#model);
    const router = new Router([
      ...[marketRoutes, accountRoutes, fundingRoutes, paymentRoutes].flatMap((routesOf) => routesOf(simulation)),
      ...orderRoutes(simulatedOrders(simulation)),
    ]);
    const parts = { simulation, faults: this.faults, settings: this.#settings, now: () => this.#tick() };
    this.#opened = { simulation, router, streams: new Streams(parts) };
    return this.#opened;
  }

  close(): void {
    this.#opened?.streams.close();
  }

  async handle(request: Request, reset?: () => void): Promise<Response> {
    const url = new URL(request.url);
    const trace = this.simulation.identifiers.trace();
    const response = url.pathname === FAULTS_PATH
      ? await answerFaultRequest(request, this.faults)
      : await this.#withFaults(request, url, reset);
    response.headers.set("x-luno-trace-id", trace);
    return response;
  }

  async #withFaults(request: Request, url: URL, reset: (() => void) | undefined): Promise<Response> {
    const faults = this.faults.draw(request.method, url.pathname);
    if (isStreamPath(url.pathname)) {
      await this.#delay(faults);
      return faultBefore(faults) ?? this.#open().streams.connect(request, url.pathname, reset);
    }
    if (faults.length === 0) return await this.#answer(request, url, 0);
    await this.#delay(faults);
    const stale = request.method === "GET" ? faults.find((fault) => fault.kind === "stale") : undefined;
    return faultBefore(faults) ?? await faultAfter(faults, await this.#answer(request, url, stale?.ms ?? 0));
  }

  /** Routes a request and serializes the result; reads return the state of `staleMs` ago. */
  async #answer(request: Request, url: URL, staleMs: number): Promise<Response> {
    const match = this.#open().router.find(request.method, url.pathname);
    if (match === undefined) return new Response(null, { status: 404 });
    const key = keyOf(request.headers.get("authorization"));
    const response = await this.#run(match, { request, url, key, staleMs });
    if (response.status === 200 || response.status === 400) addRateLimitHeaders(response.headers);
    const sequence = this.#open().streams.sequenceOf(url.searchParams.get("pair") ?? "");
    if (sequence !== undefined && staleMs === 0) response.headers.set(SEQUENCE_HEADER, String(sequence));
    return response;
  }

  async #run({ route, id }: RouteMatch, { request, url, key, staleMs }: Incoming): Promise<Response> {
    const settings = this.#settings;
    try {
      const form = request.method === "GET" ? undefined : await readForm(request);
      // The clock is read and the exchange changed without interruption: routes await nothing before that.
      const nowMs = this.#tick();
      if (!this.#rateLimit.admits(key?.id ?? "", nowMs)) return tooManyRequests({ body: settings.rateLimitBody });
      if (route.permission !== null) authorise(key, route);
      const parameters = new Parameters(url.searchParams, form);
      const { streams } = this.#open();
      streams.move(nowMs);
      const running = route.run({ parameters, id, nowMs, atMs: nowMs - staleMs });
      streams.move(nowMs);
      const answer = await running;
      if (answer === NO_CONTENT) return new Response(null, { status: 204 });
      const text = answer instanceof RenderedJson ? answer.text : JSON.stringify(answer);
      const caching = route.permission === null ? { "cache-control": PUBLIC_DATA } : {};
      return new Response(text, { headers: { "content-type": "application/json", ...caching } });
    } catch (error) {
      if (error instanceof Refusal) {
        return refusalResponse(error, { withAction: settings.errorAction && route.isOrderCall === true });
      }
      if (error instanceof Unauthorised) return unauthorisedResponse(settings);
      if (error instanceof BodyTooLargeError) return new Response(null, { status: 413 });
      throw error;
    }
  }

  /** The clock, which may stand still but never runs backwards. */
  #tick(): number {
    this.#latestMs = Math.max(this.#latestMs, Math.floor(this.#now()));
    return this.#latestMs;
  }

  async #delay(faults: readonly RequestFault[]): Promise<void> {
    for (const fault of faults) {
      if (fault.kind === "delay") await delay(fault.ms, this.#signal);
    }
  }
}

interface Incoming {
  readonly request: Request;
  readonly url: URL;
  readonly key: SimulatedKey | undefined;
  readonly staleMs: number;
}

/** The headers that the real service sends; they contradict its documented limit and are not what is enforced. */
function addRateLimitHeaders(headers: Headers): void {
  headers.set("x-ratelimit-limit", "5000, 5000;w=1");
  headers.set("x-ratelimit-remaining", "4999");
  headers.set("x-ratelimit-reset", "1");
}

/**
 * Waits.
 *
 * @throws {ConnectionReset} when the simulation stops first
 */
function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new ConnectionReset());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
