/** What many clients together have experienced, in bounded memory. */

import { LatencyHistogram } from "../timing/latency_histogram.ts";

/** The most kinds that are counted by name; further ones are counted as `other`. */
const MAX_KINDS = 50;

/** Counts by kind, the highest first. */
export type CountsByKind = Readonly<Record<string, number>>;

/** The result of a run; durations in milliseconds. */
export interface Report {
  readonly clients: number;
  readonly duration_s: number;
  /** Sessions that were opened, reopened ones included. */
  readonly connects: number;
  readonly reconnects: number;
  readonly calls: number;
  readonly calls_per_second: number;
  readonly answers: number;
  /** Calls without an answer when the run ended. */
  readonly unfinished: number;
  /** Failed calls and failed connects, by code. */
  readonly errors: CountsByKind;
  /** Errors as a share of all calls and failed connects: 0 to 1. A broken connection counts as one error. */
  readonly error_rate: number;
  /** Temporary rejections by the server: too many calls, too many connections. */
  readonly refusals: CountsByKind;
  /** Latency of answered calls; `null` when there are none. */
  readonly latency_ms: { readonly [name in "p50" | "p90" | "p99" | "max"]: number | null };
}

/** Counts during a run. */
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

  /** Clients with an open session. */
  get connected(): number {
    return this.#connected;
  }

  /** A session was opened; `isReconnect`: its client had one before. */
  opened({ isReconnect }: { readonly isReconnect: boolean }): void {
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

  /** A call or a connection was temporarily rejected. */
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

/** Rounds to two decimals. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}
