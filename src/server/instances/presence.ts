/** Makes this process known in its state folder while it runs: `status` and `kill` then list it. */

import type { ClientStatus } from "../../exchange/client.ts";
import { usageRecord } from "../../market/exchange_usage.ts";
import type { ExchangeUsage } from "../../market/exchange_usage.ts";
import { getLogger } from "../../logging/logger.ts";
import { stateFolder } from "../../state/folder.ts";
import { StateError } from "../../state/state_error.ts";
import { InstanceLock, removeFreeLocks } from "../../state/instance_lock.ts";
import { InstanceReportFile, removeOldReports } from "./instance_report.ts";
import type { InstanceReport } from "./instance_report.ts";
import { VERSION } from "../../version.ts";
import type { Config } from "../../config/server_settings.ts";
import type { World } from "../../world.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** The longest age of a report. */
const REFRESH_MS = 10_000;

/** The parts of a report that may change. */
export type Changes = Partial<
  Pick<
    InstanceReport,
    "addresses" | "listener" | "authentication" | "certificate_expires_at" | "trading" | "connections"
  >
>;

/** This process's report, and the lock that shows that it is live; without a lock it is not visible. */
export class Presence {
  readonly lock: InstanceLock | undefined;
  readonly #file: InstanceReportFile | undefined;
  readonly #now: () => number;
  readonly #sources: (() => Partial<InstanceReport>)[] = [];
  #report: InstanceReport;
  #timer: ReturnType<typeof setInterval> | undefined;
  #hasFailed = false;
  #listener: ((report: InstanceReport) => void) | undefined;

  private constructor(
    lock: InstanceLock | undefined,
    { file, report, now }: { file: InstanceReportFile | undefined; report: InstanceReport; now: () => number },
  ) {
    this.lock = lock;
    this.#file = file;
    this.#report = report;
    this.#now = now;
  }

  /**
   * Enters the folder. A failure to write the report, which is only informative, is ignored.
   *
   * @throws {StateError} when no lock can be taken
   */
  static open(folder: string, { report, now }: { report: InstanceReport; now: () => number }): Presence {
    const lock = InstanceLock.take(folder);
    removeOldReports(folder);
    return new Presence(lock, { file: createFile(folder, { id: lock.id, report }), report, now });
  }

  /** A presence that others do not see. */
  static unseen(options: { report: InstanceReport; now: () => number }): Presence {
    return new Presence(undefined, { ...options, file: undefined });
  }

  /** The present report. */
  get report(): InstanceReport {
    const parts = this.#sources.map((read) => read());
    return Object.assign({}, this.#report, ...parts, { updated_at: this.#now() });
  }

  /** Changes the report. */
  update(changes: Changes): void {
    this.#report = { ...this.#report, ...changes };
    this.write();
  }

  /** Reads a part anew for every report, and writes the report every ten seconds until the end. */
  follow(read: () => Partial<InstanceReport>): void {
    this.#sources.push(read);
    this.#timer ??= setInterval(() => this.write(), REFRESH_MS);
    this.write();
  }

  /** Calls a listener with every report from now on, beginning with the present one. */
  set listener(listener: (report: InstanceReport) => void) {
    this.#listener = listener;
    this.#timer ??= setInterval(() => this.write(), REFRESH_MS);
    this.write();
  }

  /** Writes the report soon. */
  write(): void {
    const { report } = this;
    this.#listener?.(report);
    this.#file?.write(report).then(() => this.#hasFailed = false, (error) => {
      if (!this.#hasFailed) log.warning("cannot write what status shows of this server", { error });
      this.#hasFailed = true;
    });
  }

  /** Leaves the folder; settles when nothing more is written. Repeating it has no further effect. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    this.#listener = undefined;
    const ending = this.#file?.end();
    this.lock?.release();
    await ending;
  }
}

function createFile(folder: string, { id, report }: { id: string; report: InstanceReport }) {
  try {
    return InstanceReportFile.create(folder, { id, report });
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    log.warning("status cannot show this server", { reason: error.message });
    return undefined;
  }
}

/**
 * Enters the configured state folder. A server that only reads starts without one if it does not exist or cannot be
 * written.
 *
 * @throws {StateError} when no lock can be taken and orders need one
 */
export function enterFolder(
  { config }: { readonly config: Config },
  world: World,
  { isServer, isNeeded }: { isServer: boolean; isNeeded: boolean },
): Presence {
  const folder = config.state ?? stateFolder(world.env);
  const report = firstReport(config, { command: isServer ? "serve" : "call", now: world.now() });
  if (folder === undefined) return Presence.unseen({ report, now: world.now });
  try {
    const presence = Presence.open(folder, { report, now: world.now });
    if (!isNeeded) removeFreeLocks(folder, () => false);
    return presence;
  } catch (error) {
    if (isNeeded || !(error instanceof StateError)) throw error;
    log.warning("status and kill cannot show this server", { reason: error.message });
    return Presence.unseen({ report, now: world.now });
  }
}

/** What a client of the exchange knows, for reports and `/status`. */
export function exchangeReport(
  { host, reachability, budget }: ClientStatus,
  usage: ExchangeUsage,
  kind: InstanceReport["exchange"]["kind"],
): InstanceReport["exchange"] {
  const { remaining: calls_left, limitPerMinute: calls_per_minute } = budget;
  const calls = { calls_left, calls_per_minute, usage: usageRecord(usage) };
  return { kind, host: kind === "simulated" ? null : host, ...reachability, ...calls };
}

function firstReport(
  { transport, exchange, apiUrl, trading, policy }: Config,
  { command, now }: { command: string; now: number },
): InstanceReport {
  return {
    pid: Deno.pid,
    command,
    version: VERSION,
    started_at: now,
    updated_at: now,
    transport: command === "serve" ? transport : null,
    addresses: [],
    listener: null,
    authentication: null,
    certificate_expires_at: null,
    exchange: {
      kind: exchange,
      host: exchange === "simulated" ? null : apiUrl.host,
      reachable: null,
      since: null,
      problem: null,
      calls_left: null,
      calls_per_minute: null,
      usage: null,
    },
    trading: { mode: trading, policy: policy ?? null, published: null },
    connections: null,
  };
}
