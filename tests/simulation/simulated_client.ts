/** A caller of the simulated API that needs no socket, and a clock that moves when told. */

import { type Api, type ApiOptions, createApi } from "../../src/simulation/api/api.ts";
import { SIMULATED_KEYS, type SimulatedKey } from "../../src/simulation/api/simulated_keys.ts";
import { priceModelOf } from "../support/price_models.ts";

/** Sunday, 22 November 2026, 10:00 UTC. */
export const START_MS = Date.UTC(2026, 10, 22, 10);

/** A JSON answer, with everything a test looks at. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; `undefined` when it is no JSON. */
  readonly json: Json;
}

/** JSON as a test walks through it. */
export type Json = ReturnType<typeof JSON.parse>;

/** Calls one simulated API with one key. */
export class SimulatedClient {
  readonly api: Api;
  readonly clock: { now: number };
  readonly #key: SimulatedKey | null;

  constructor(api: Api, clock: { now: number }, key: SimulatedKey | null) {
    this.api = api;
    this.clock = clock;
    this.#key = key;
  }

  /** The same exchange, seen with another key or with none. */
  as(key: SimulatedKey | null): SimulatedClient {
    return new SimulatedClient(this.api, this.clock, key);
  }

  get(path: string): Promise<Answer> {
    return this.send("GET", path);
  }

  post(path: string, form: Record<string, string> = {}): Promise<Answer> {
    return this.send("POST", path, form);
  }

  async send(method: string, path: string, form?: Record<string, string>): Promise<Answer> {
    const headers = new Headers();
    if (this.#key !== null) headers.set("authorization", `Basic ${btoa(`${this.#key.id}:${this.#key.secret}`)}`);
    const body = form === undefined ? null : new URLSearchParams(form);
    const response = await this.api.handle(new Request(`http://exchange.test${path}`, { method, headers, body }));
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  }
}

/** A fresh simulation without a rate limit, and its client with the trading key. */
export function openSimulation({ seed = 1, ...options }: Omit<ApiOptions, "now"> = {}): SimulatedClient {
  const clock = { now: START_MS };
  const api = createApi({
    rateLimitPerMinute: 0,
    model: priceModelOf(seed),
    ...options,
    seed,
    now: () => clock.now,
  });
  return new SimulatedClient(api, clock, SIMULATED_KEYS.trading);
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
