/**
 * Random histories on three servers that share one record, many at a time, while servers and database are killed or
 * frozen, the exchange delays and loses requests, and trading is halted and resumed.
 */

import { sleep } from "../../../src/timing/sleep.ts";
import { jwksOf } from "../../access/identity_provider.ts";
import { Dice } from "../../trading/chance.ts";
import type { WireFault } from "../../trading/faulty_exchange.ts";
import { Cluster } from "../cluster.ts";
import { AUDIENCE, ISSUER, seconds, signingKey, tokenOf } from "../tokens.ts";
import { checkHalts, checkHistory, HaltCheck, ordersByKey } from "./checks.ts";
import type { Violation } from "./checks.ts";
import { programOf } from "./flaws.ts";
import type { Flaw } from "./flaws.ts";
import { runHistory } from "./history.ts";
import type { EndedHistory, Told } from "./history.ts";
import { POLICY } from "./plan.ts";
import { Striker } from "./strikes.ts";
import type { Strike } from "./strikes.ts";
import { Witness } from "./witness.ts";

/** The options of a run. */
export interface ClusterProofOptions {
  /** Minimum number of histories. */
  readonly histories: number;
  readonly seed: number;
  /**
   * Concurrent histories.
   *
   * @default {20}
   */
  readonly atOnce?: number;
  /**
   * Histories between two faults, on average.
   *
   * @default {20}
   */
  readonly between?: number;
  /** The first faults, in order, for which histories continue as long as necessary; later ones are random. */
  readonly strikes?: readonly Strike[];
  /**
   * Share of requests to place an order that are delayed.
   *
   * @default {0.1}
   */
  readonly heldShare?: number | undefined;
  /**
   * Share of reading requests that are delayed.
   *
   * @default {0.02}
   */
  readonly heldReadShare?: number | undefined;
  /** What is broken on purpose. */
  readonly flaw?: Flaw | undefined;
  /** Ends the run early when it returns true. */
  readonly isEnough?: ((violation: Violation) => boolean) | undefined;
  /** Called now and then. */
  readonly onProgress?: (tally: ClusterTally) => void;
}

/** The results of the histories so far. */
export interface ClusterTally {
  readonly histories: number;
  readonly calls: number;
  /** The exchange's orders. */
  readonly orders: number;
  readonly strikes: Readonly<Partial<Record<Strike, number>>>;
  readonly killsAndPauses: number;
  readonly halts: number;
  /** How often each answer occurred, such as `place placed`. */
  readonly told: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
}

const HISTORIES_BETWEEN = 20;
const CHECK_EVERY_MS = 10_000;
/** How often to check whether the run may end early. */
const CHECK_OFTEN_MS = 1_000;
const MAX_HELD_MS = 4_500;
const MAX_HELD_READ_MS = 1_500;
const SCOPES = "market:read account:read orders:write";

/** Runs histories until the number is reached. */
export async function proveOnCluster(options: ClusterProofOptions): Promise<ClusterTally> {
  await using cluster = await Cluster.start(programOf(options.flaw));
  const run = await ClusterRun.start(cluster, options);
  return await run.toEnd();
}

/** The parts of one run. */
class ClusterRun {
  readonly #cluster: Cluster;
  readonly #options: ClusterProofOptions;
  readonly #servers: Awaited<ReturnType<Cluster["serve"]>>[] = [];
  readonly #witness: Witness;
  readonly #striker: Striker;
  readonly #haltCheck = new HaltCheck();
  readonly #keys = new Map<string, string>();
  readonly #violations: Violation[] = [];
  readonly #withoutLease = new Set<string>();
  #hasEnough = false;
  #unchecked: EndedHistory[] = [];
  #checked = 0;
  #calls = 0;
  #orders = 0;
  readonly #told: Record<string, number> = {};
  #nextHistory = 0;
  #ended = 0;
  #bid = 0;

  static async start(cluster: Cluster, options: ClusterProofOptions): Promise<ClusterRun> {
    const policy = await cluster.world.policy(POLICY);
    const jwks = `${cluster.world.state}/jwks.json`;
    await Deno.writeTextFile(jwks, jwksOf(signingKey), { mode: 0o600 });
    const tokens = ["--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE, "--jwks-file", jwks];
    const limits = ["--rate-limit", "100000", "--api-rate-limit", "1000000", "--max-connections", "2000"];
    const flags = [...policy, ...tokens, ...limits, "--log-level", "error"];
    const first = await cluster.serve(...flags);
    const run = new ClusterRun(cluster, { options, flags, witness: await Witness.place(cluster) });
    run.#servers.push(first, await cluster.serve(...flags), await cluster.serve(...flags));
    return run;
  }

  private constructor(
    cluster: Cluster,
    { options, flags, witness }: {
      readonly options: ClusterProofOptions;
      readonly flags: readonly string[];
      readonly witness: Witness;
    },
  ) {
    this.#cluster = cluster;
    this.#options = options;
    this.#witness = witness;
    const parts = {
      cluster,
      witness,
      servers: this.#servers,
      startServer: () => cluster.serve(...flags),
      ended: () => this.#ended,
      between: options.between ?? HISTORIES_BETWEEN,
      adminToken: () => tokenOf({ sub: "operator", scope: `${SCOPES} server:admin` }),
    };
    this.#striker = new Striker(parts, new Dice(options.seed), options.strikes);
  }

  async toEnd(): Promise<ClusterTally> {
    const { atOnce = 20, seed, heldShare = 0.1, heldReadShare = 0.02 } = this.#options;
    const faults = new Dice(seed + 1);
    this.#cluster.world.exchange.fault = ({ method, path }) => {
      if (method !== "GET") return /post(market)?order/.test(path) ? drawFault(faults, heldShare) : undefined;
      return faults.chance(heldReadShare) ? { kind: "held", ms: faults.below(MAX_HELD_READ_MS) } : undefined;
    };
    await this.#readBid();
    const striking = this.#striker.run();
    const over = new AbortController();
    const checking = this.#checkUntil(over.signal);
    try {
      await Promise.all(Array.from({ length: atOnce }, () => this.#histories()));
    } finally {
      this.#striker.end();
      over.abort();
      await Promise.all([striking, checking]);
    }
    await this.#check();
    await this.#checkRecord();
    return this.#tally();
  }

  async #histories(): Promise<void> {
    const isDue = () => this.#nextHistory < this.#options.histories || !this.#striker.hasMadeFirst;
    while (!this.#hasEnough && isDue()) {
      const number = this.#nextHistory++;
      const token = await tokenOf({ sub: `h${number}`, scope: SCOPES, exp: seconds() + 3_600 });
      const place = { servers: () => this.#servers, token, bid: this.#bid };
      const ended = await runHistory(number, this.#options.seed, place);
      this.#ended++;
      this.#calls += ended.told.length;
      for (const told of ended.told) this.#told[wordOf(told)] = (this.#told[wordOf(told)] ?? 0) + 1;
      this.#unchecked.push(ended);
    }
  }

  async #checkUntil(over: AbortSignal): Promise<void> {
    const { isEnough } = this.#options;
    while (await sleep(isEnough === undefined ? CHECK_EVERY_MS : CHECK_OFTEN_MS, over).then(() => true, () => false)) {
      // A database with a fault is queried again the next time.
      await this.#check().catch(() => {});
      if (isEnough !== undefined && !this.#hasEnough && this.#violations.some(isEnough)) {
        this.#hasEnough = true;
        this.#striker.end();
      }
      await this.#readBid();
      this.#cluster.world.exchange.seen.splice(0);
      this.#options.onProgress?.(this.#tally());
    }
  }

  async #readBid(): Promise<void> {
    const response = await fetch(`${this.#cluster.world.exchange.url}/api/1/ticker?pair=XBTZAR`);
    this.#bid = Number((await response.json()).bid);
  }

  /** Checks the histories that have ended since the last time. */
  async #check(): Promise<void> {
    const histories = this.#unchecked;
    const rows = await this.#witness.rows();
    this.#unchecked = this.#unchecked.filter((history) => !histories.includes(history));
    for (const { clientOrderId, key } of rows) {
      if (clientOrderId !== null && key !== null) this.#keys.set(clientOrderId, key);
    }
    this.#violations.push(...this.#haltCheck.check(rows));
    const ledger = this.#cluster.world.ledger;
    this.#orders = ledger.length;
    const { byKey } = ordersByKey(ledger, this.#keys);
    for (const history of histories) this.#violations.push(...checkHistory(history, byKey));
    this.#checked += histories.length;
    for (const id of await this.#witness.withoutLease()) {
      if (this.#withoutLease.has(id)) continue;
      this.#withoutLease.add(id);
      this.#violations.push({ kind: "forbidden", text: `${id} was sent by a server whose lease had run out` });
    }
  }

  /** Checks what belongs to no single history. */
  async #checkRecord(): Promise<void> {
    const ledger = this.#cluster.world.ledger;
    this.#violations.push(...ordersByKey(ledger, this.#keys).strays, ...checkHalts(this.#striker.halts, ledger));
    const { stdout } = await this.#cluster.run("audit", "verify", "--json");
    const audit = JSON.parse(stdout);
    if (!audit.ok) this.#violations.push({ kind: "lost", text: `the audit is broken: ${audit.reason}` });
  }

  #tally(): ClusterTally {
    const { counts, killsAndPauses, halts } = this.#striker;
    return {
      histories: this.#checked,
      calls: this.#calls,
      orders: this.#orders,
      strikes: counts,
      killsAndPauses,
      halts: halts.length,
      told: this.#told,
      violations: this.#violations,
    };
  }
}

function wordOf({ step: { kind }, answer }: Told): string {
  return `${kind} ${answer?.code ?? answer?.status ?? "without an answer"}`;
}

/** The fault of a request that places an order. */
function drawFault(dice: Dice, heldShare: number): WireFault | undefined {
  if (dice.chance(heldShare)) return { kind: "held", ms: dice.below(MAX_HELD_MS) };
  if (dice.chance(0.03)) return { kind: "cut", when: dice.pick(["before", "after"]) };
  if (dice.chance(0.02)) return { kind: "twice", last: dice.pick(["answer", "429"]) };
  return undefined;
}
