/** A server as other processes see it: its lock and its report. */

import { InstanceLock } from "../../src/state/instance_lock.ts";
import { InstanceReportFile } from "../../src/server/instances/instance_report.ts";
import type { InstanceReport } from "../../src/server/instances/instance_report.ts";
import { NOW } from "../trading/stores.ts";

/** A server that trades, started five minutes ago. */
export const REPORT: InstanceReport = {
  pid: 4_711,
  command: "serve",
  version: "1.2.3",
  started_at: NOW - 300_000,
  updated_at: NOW,
  transport: "websocket",
  addresses: ["ws://localhost:8765", "http://localhost:8765/mcp"],
  listener: "hardened",
  authentication: { methods: ["keys"], anonymous: "nobody" },
  certificate_expires_at: null,
  exchange: {
    kind: "live",
    host: "api.luno.com",
    reachable: true,
    since: NOW - 240_000,
    problem: null,
    calls_left: 290,
    calls_per_minute: 300,
    usage: {
      calls_sent: 12,
      calls_saved: { coalesced: 3, cache: 40, stream: 500 },
      streams: [
        { pair: "XBTZAR", live: true, age_ms: 4_000, gaps: 1, reconnects: 2 },
        { pair: "ETHZAR", live: false, age_ms: null, gaps: 0, reconnects: 0 },
      ],
      user_streams: [
        { account: "main", live: false, age_ms: 61_000, gaps: 1, reconnects: 3, events: 20, problem: "session_limit" },
      ],
    },
  },
  trading: { mode: "confirm", policy: null },
  connections: 2,
};

/** A server in a folder, until it ends in order, or dies. */
export class PresentServer implements Disposable {
  readonly id: string;
  readonly file: InstanceReportFile;
  readonly #lock: InstanceLock;

  constructor(folder: string, changes: Partial<InstanceReport> = {}) {
    this.#lock = InstanceLock.take(folder);
    this.id = this.#lock.id;
    this.file = InstanceReportFile.create(folder, { id: this.id, report: { ...REPORT, ...changes } });
  }

  /** Dies as by SIGKILL: the lock is free, the report remains. */
  die(): void {
    this.#lock.release();
  }

  [Symbol.dispose](): void {
    void this.file.end();
    this.#lock.release();
  }
}
