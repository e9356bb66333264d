/** Makes this process known in its state folder for as long as it runs: `status` and `kill` name it then. */

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

/** How old a report may be. */
const REFRESH_MS = 10_000;

/** What may change while a process runs. */
export type Changes = Partial<
  Pick<
    InstanceReport,
    "addresses" | "listener" | "authentication" | "certificate_expires_at" | "trading" | "connections"
  >
>;

/** What this process says about itself, and the lock that shows that it is alive; without one it cannot be seen. */
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
   * Enters the folder. Without a report, which is only for show, the process runs all the same.
   *
   * @throws {StateError} no lock can be had
   */
  static open(folder: string, { report, now }: { report: InstanceReport; now: () => number }): Presence {
    const lock = InstanceLock.take(folder);
    removeOldReports(folder);
    return new Presence(lock, { file: createFile(folder, { id: lock.id, report }), report, now });
  }

  /** One that nobody else sees. */
  static unseen(options: { report: InstanceReport; now: () => number }): Presence {
    return new Presence(undefined, { ...options, file: undefined });
  }

  /** What it says now. */
  get report(): InstanceReport {
    const parts = this.#sources.map((read) => read());
    return Object.assign({}, this.#report, ...parts, { updated_at: this.#now() });
  }

  /** Says something else from now on. */
  update(changes: Changes): void {
    this.#report = { ...this.#report, ...changes };
    this.write();
  }

  /** Has a part read again for every report, and the report written every ten seconds until the end. */
  follow(read: () => Partial<InstanceReport>): void {
    this.#sources.push(read);
    this.#timer ??= setInterval(() => this.write(), REFRESH_MS);
    this.write();
  }

  /** Tells a listener of every report from now on, beginning with this one. */
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

  /** Leaves the folder; settles when nothing more is written. A second time does nothing more. */
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
 * Enters the state folder that the configuration names. A server that only reads starts without, where there is no folder
 * or it cannot be written.
 *
 * @throws {StateError} no lock can be had and orders need one
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

/** What a client of the exchange knows, as reports and `/status` show it. */
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
