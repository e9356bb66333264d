/**
 * The report of each process that uses a state folder: a file beside its lock, which commands can show without
 * contacting the process. Only the lock tells whether the process is live.
 */

import { join } from "node:path";
import { z } from "zod";
import { reasonOf } from "../../errors/reason_of.ts";
import { UsageRecord } from "../../market/exchange_usage.ts";
import { StateError } from "../../state/state_error.ts";
import { INSTANCES_FOLDER, isLocked } from "../../state/instance_lock.ts";

const PublishedVersion = z.object({
  version: z.int(),
  digest: z.string(),
  /** Whether it is the latest version, as far as the record could be read recently. */
  is_current: z.boolean(),
});

/**
 * A process's report about itself. Times are wall clock milliseconds; `null` is what does not apply or is not known
 * yet.
 */
export const InstanceReport = z.object({
  pid: z.int(),
  /** The command: `serve`, `call` or `kill`. */
  command: z.string(),
  version: z.string(),
  started_at: z.int(),
  /** When this report was written. */
  updated_at: z.int(),
  transport: z.enum(["stdio", "websocket", "http"]).nullable(),
  /** The addresses for clients. */
  addresses: z.array(z.string()),
  /** The kind of listener. */
  listener: z.enum(["native", "hardened"]).nullable(),
  authentication: z.object({
    /** `keys`, `tokens`, `certificates`. */
    methods: z.array(z.string()),
    /** Who is admitted without a credential. */
    anonymous: z.enum(["nobody", "loopback", "anybody"]),
  }).nullable(),
  /** The version of the published access file in force; missing in reports of earlier versions. */
  access: PublishedVersion.nullish(),
  certificate_expires_at: z.int().nullable(),
  exchange: z.object({
    kind: z.enum(["live", "paper", "simulated"]),
    host: z.string().nullable(),
    reachable: z.boolean().nullable(),
    /** Since when it is reachable or unreachable. */
    since: z.int().nullable(),
    /** Why it is unreachable. */
    problem: z.string().nullable(),
    calls_left: z.int().nullable(),
    calls_per_minute: z.int().nullable(),
    /** Missing in reports of earlier versions. */
    usage: UsageRecord.nullable().default(null),
  }),
  trading: z.object({
    mode: z.enum(["off", "confirm", "auto"]),
    /** The policy file. */
    policy: z.string().nullable(),
    /** The version of the published policy in force; missing in reports of earlier versions. */
    published: PublishedVersion.nullish(),
  }),
  connections: z.int().nullable(),
});

/** See {@linkcode InstanceReport}. */
export type InstanceReport = z.infer<typeof InstanceReport>;

/** A process that uses a state folder, or that ended without removing its report. */
export interface SeenInstance {
  /** 16 hexadecimal digits. */
  readonly id: string;
  readonly isAlive: boolean;
  /** Absent when the process has none, or a newer version wrote it. */
  readonly report?: InstanceReport;
}

const REPORT = /^([0-9a-f]{16})\.json$/;
const LOCK = /^([0-9a-f]{16})\.lock$/;

/** How often a report is read again after it was read during a write. */
const ATTEMPTS = 3;

/** The report file of this process. It stays open, so that no permission to write is needed later. */
export class InstanceReportFile {
  readonly #file: Deno.FsFile;
  #length = 0;
  #writing: Promise<void> | undefined;
  #next: InstanceReport | undefined;
  #isEnded = false;
  #ending: Promise<void> | undefined;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Creates the file of an instance whose lock this process holds, and writes its first report.
   *
   * @throws {StateError} when the folder cannot be written
   */
  static create(folder: string, { id, report }: { id: string; report: InstanceReport }): InstanceReportFile {
    const path = pathOf(folder, id);
    try {
      const created = new InstanceReportFile(Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }));
      created.#file.writeSync(created.#encode(report));
      return created;
    } catch (error) {
      throw new StateError(`Cannot write ${path}: ${reasonOf(error)}`, { path, cause: error });
    }
  }

  /** Writes a report; of several during one write, the last. Rejects when the disk refuses. */
  write(report: InstanceReport): Promise<void> {
    this.#next = report;
    return this.#writing ??= this.#writeAll().finally(() => this.#writing = undefined);
  }

  /** Empties the file: the process has ended regularly. Synchronous unless a report is being written. */
  end(): Promise<void> {
    return this.#ending ??= this.#end();
  }

  async #end(): Promise<void> {
    this.#isEnded = true;
    // The last write must not follow the emptying.
    if (this.#writing !== undefined) await this.#writing.catch(() => {});
    try {
      this.#file.truncateSync(0);
    } catch {
      // The lock will be free soon, which shows that the process has ended.
    } finally {
      this.#file.close();
    }
  }

  async #writeAll(): Promise<void> {
    for (let report = this.#next; report !== undefined && !this.#isEnded; report = this.#next) {
      this.#next = undefined;
      const bytes = this.#encode(report);
      await this.#file.seek(0, Deno.SeekMode.Start);
      if (!this.#isEnded) await this.#file.write(bytes);
    }
  }

  /** Padded to the length of the previous report, so that nothing of that remains. */
  #encode(report: InstanceReport): Uint8Array {
    const bytes = new TextEncoder().encode(JSON.stringify(report));
    this.#length = Math.max(this.#length, bytes.length + 1);
    const padded = new Uint8Array(this.#length).fill(0x20);
    padded.set(bytes);
    padded[this.#length - 1] = 0x0a;
    return padded;
  }
}

/**
 * The processes that use a state folder, oldest first, then those that ended without removing their report. Changes
 * nothing.
 *
 * @throws {StateError} when the folder exists and cannot be read
 */
export function listInstances(folder: string): SeenInstance[] {
  const names = listNames(join(folder, INSTANCES_FOLDER));
  const ids = new Set(names.flatMap((name) => (LOCK.exec(name) ?? REPORT.exec(name))?.[1] ?? []));
  return [...ids].flatMap((id) => see(folder, id)).toSorted((one, other) =>
    Number(other.isAlive) - Number(one.isAlive) || startOf(one) - startOf(other) || (one.id < other.id ? -1 : 1)
  );
}

/** Removes the reports of ended processes; a failure is ignored. */
export function removeOldReports(folder: string): void {
  for (const { id, isAlive } of listInstances(folder)) {
    if (!isAlive) removeQuietly(pathOf(folder, id));
  }
}

function see(folder: string, id: string): SeenInstance[] {
  const isAlive = isLocked(folder, id);
  const report = readReport(pathOf(folder, id));
  if (!isAlive && report === "empty") return [];
  return [{ id, isAlive, ...(typeof report === "string" ? {} : { report }) }];
}

function readReport(path: string): InstanceReport | "empty" | "unreadable" {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      const text = Deno.readTextFileSync(path);
      if (text === "") return "empty";
      const read = InstanceReport.safeParse(JSON.parse(text));
      if (read.success) return read.data;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "empty";
    }
  }
  return "unreadable";
}

function listNames(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    const message = `Cannot see which servers use the folder: ${reasonOf(error)}: run this as the user of the server`;
    throw new StateError(message, { path: directory, cause: error });
  }
}

function startOf({ report }: SeenInstance): number {
  return report?.started_at ?? 0;
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Another process was faster, or the folder cannot be written.
  }
}

function pathOf(folder: string, id: string): string {
  return join(folder, INSTANCES_FOLDER, `${id}.json`);
}
