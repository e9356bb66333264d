/** What many clients together have met, in bounded memory. */

import { LatencyHistogram } from "../timing/latency_histogram.ts";

/** Different kinds that are counted by name; further ones share `other`. */
const MAX_KINDS = 50;

/** Counts by kind, the most frequent first. */
export type CountsByKind = Readonly<Record<string, number>>;

/** What a run has come to; durations in milliseconds. */
export interface Report {
  readonly clients: number;
  readonly duration_s: number;
  /** Sessions that were opened, the reopened ones included. */
  readonly connects: number;
  readonly reconnects: number;
  readonly calls: number;
  readonly calls_per_second: number;
  readonly answers: number;
  /** Calls that had no answer yet when the run ended. */
  readonly unfinished: number;
  /** Failed calls and failed connects, by code. */
  readonly errors: CountsByKind;
  /** Errors as a share of all calls and failed connects: 0 to 1. A connection that broke counts as one error. */
  readonly error_rate: number;
  /** What the server refused for now: too many calls, too many connections. */
  readonly refusals: CountsByKind;
  /** Of answered calls; `null` without any. */
  readonly latency_ms: { readonly [name in "p50" | "p90" | "p99" | "max"]: number | null };
}

/** Counts while a run goes on. */
export class Tally {
  readonly latency = new LatencyHistogram();
  readonly #errors = new Kinds();
  readonly #refusals = new Kinds();
  #connects = 0;
  #reconnects = 0;
  #failedConnects = 0;
  #connected = 0;
  #calls = 0;
  #unfinished = 0;

  /** Clients that have a session now. */
  get connected(): number {
    return this.#connected;
  }

  opened(isReconnect: boolean): void {
    this.#connects++;
    this.#connected++;
    if (isReconnect) this.#reconnects++;
  }

  closed(): void {
    this.#connected--;
  }

  failedToConnect(kind: string): void {
    this.#failedConnects++;
    this.#errors.add(kind);
  }

  /** A call or a connection was refused for now. */
  refused(kind: string): void {
    this.#refusals.add(kind);
  }

  called(): void {
    this.#calls++;
  }

  answered(durationMs: number): void {
    this.latency.record(durationMs);
  }

  failed(kind: string): void {
    this.#errors.add(kind);
  }

  cutOff(): void {
    this.#unfinished++;
  }

  report({ clients, elapsedMs }: { readonly clients: number; readonly elapsedMs: number }): Report {
    const attempts = this.#calls + this.#failedConnects;
    return {
      clients,
      duration_s: round(elapsedMs / 1_000),
      connects: this.#connects,
      reconnects: this.#reconnects,
      calls: this.#calls,
      calls_per_second: elapsedMs === 0 ? 0 : round(this.#calls * 1_000 / elapsedMs),
      answers: this.latency.count,
      unfinished: this.#unfinished,
      errors: this.#errors.counts(),
      error_rate: attempts === 0 ? 0 : Math.min(1, this.#errors.total / attempts),
      refusals: this.#refusals.counts(),
      latency_ms: {
        p50: this.#percentile(0.5),
        p90: this.#percentile(0.9),
        p99: this.#percentile(0.99),
        max: this.latency.count === 0 ? null : round(this.latency.max),
      },
    };
  }

  #percentile(share: number): number | null {
    const value = this.latency.percentile(share);
    return value === undefined ? null : round(value);
  }
}

class Kinds {
  readonly #counts = new Map<string, number>();
  total = 0;

  add(kind: string): void {
    this.total++;
    const known = this.#counts.has(kind) || this.#counts.size < MAX_KINDS ? kind : "other";
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + 1);
  }

  counts(): CountsByKind {
    return Object.fromEntries([...this.#counts].toSorted(([, one], [, other]) => other - one));
  }
}

/** Two decimals. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}
