/**
 * Processes that can send orders. What one of them leaves undone when it ends, another takes over: in one transaction
 * that also takes it off the list, so that it can send nothing more should it live after all.
 */

import { readNumber, readText } from "../../state/sqlite.ts";
import type { Row } from "../../state/sqlite.ts";
import { InstanceLock, isLocked, removeFreeLocks } from "../../state/instance_lock.ts";
import type { OrderKind } from "./cancel_requests.ts";
import { StoreError } from "./store_error.ts";
import type { StoreConnection } from "./store_connection.ts";

/** One process that can send orders, as others see it. */
export interface InstanceFacts {
  /** 16 hexadecimal digits. */
  readonly id: string;
  readonly pid: number;
  /** What was started, such as `serve`. */
  readonly command: string;
  /** Wall milliseconds. */
  readonly startedAt: number;
  /** Whose open orders it cancels at a halt that requests so. */
  readonly cancels: readonly OrderKind[];
}

const KIND_BITS: Readonly<Record<OrderKind, number>> = { real: 1, paper: 2 };

/** States of placements whose outcome must still be found out. */
const UNSETTLED = "is_alive = 1 AND state IN ('intent', 'sent', 'unknown')";

/** Conditions of placements whose process has ended. */
const OWNERLESS = "(instance IS NULL OR instance NOT IN (SELECT id FROM instances))";

/** All instances of one state folder. */
export class Instances {
  readonly #connection: StoreConnection;
  readonly #folder: string;

  constructor(connection: StoreConnection, { folder }: { folder: string }) {
    this.#connection = connection;
    this.#folder = folder;
  }

  /**
   * Enters this process into the record. The lock comes first, so that nobody sees an instance without one; it is
   * released with the instance, and here already when this throws.
   *
   * @throws {StateError} no lock can be had
   * @throws {StoreError} the record cannot be written
   */
  enter(facts: Omit<InstanceFacts, "id">, lock: InstanceLock = InstanceLock.take(this.#folder)): Instance {
    try {
      this.add({ ...facts, id: lock.id });
      this.#clearAway();
    } catch (error) {
      lock.release();
      throw error;
    }
    return new Instance(lock, this);
  }

  /** Writes an instance whose lock the caller answers for. */
  add({ id, pid, command, startedAt, cancels }: InstanceFacts): void {
    this.#connection.run(
      "INSERT INTO instances (id, pid, command, started_at, cancels) VALUES (?, ?, ?, ?, ?)",
      ...[id, pid, command, startedAt, cancels.reduce((sum, kind) => sum | KIND_BITS[kind], 0)],
    );
  }

  /** Takes an instance off the list: it has ended. What it left undone is anybody's then. */
  remove(id: string): void {
    this.#connection.run("DELETE FROM instances WHERE id = ?", id);
  }

  /** Whether an instance may send. */
  has(id: string): boolean {
    return this.#connection.row("SELECT 1 FROM instances WHERE id = ?", id) !== undefined;
  }

  /** Whether an instance stands on the list and its process lives. */
  isAlive(id: string): boolean {
    return this.has(id) && isLocked(this.#folder, id);
  }

  /** Those whose process lives, oldest first. */
  alive(): InstanceFacts[] {
    return this.#all().filter(({ id }) => isLocked(this.#folder, id));
  }

  /**
   * Makes what ended instances left undone, and what a version without instances wrote, the business of `heir`, as far
   * as it can look up such orders; answers how many placements.
   *
   * @throws {StoreError}
   */
  takeOver(heir: string, kinds: readonly OrderKind[]): number {
    const left = () => this.#all().filter(({ id }) => id !== heir && !isLocked(this.#folder, id));
    const papers = kinds.map((kind) => kind === "paper" ? 1 : 0);
    const lost = `${UNSETTLED} AND ${OWNERLESS} AND paper IN (${papers.join(", ")})`;
    const isAnyLost = this.#connection.row(`SELECT 1 FROM placements WHERE ${lost} LIMIT 1`) !== undefined;
    if (left().length === 0 && !isAnyLost) return 0;
    return this.#connection.transaction(() => {
      for (const { id } of left()) this.remove(id);
      return this.#connection.rows(`UPDATE placements SET instance = ? WHERE ${lost} RETURNING client_order_id`, heir)
        .length;
    });
  }

  /** Forgets the dead that left nothing undone, and the locks of all that are not on the list. */
  #clearAway(): void {
    this.#connection.transaction(() => {
      for (const { id } of this.#all().filter(({ id }) => !isLocked(this.#folder, id))) {
        this.#connection.run(
          `DELETE FROM instances WHERE id = ?1
             AND NOT EXISTS (SELECT 1 FROM placements WHERE instance = ?1 AND ${UNSETTLED})`,
          id,
        );
      }
    });
    const known = new Set(this.#all().map(({ id }) => id));
    removeFreeLocks(this.#folder, (id) => known.has(id));
  }

  #all(): InstanceFacts[] {
    return this.#connection.rows("SELECT * FROM instances ORDER BY started_at, id").map(readInstance);
  }
}

/** This process, until it ends. */
export class Instance {
  readonly #lock: InstanceLock;
  readonly #instances: Instances;

  constructor(lock: InstanceLock, instances: Instances) {
    this.#lock = lock;
    this.#instances = instances;
  }

  /** What its placements are marked with. */
  get id(): string {
    return this.#lock.id;
  }

  /** Takes over what ended instances left undone of these kinds; answers how many placements. */
  takeOver(kinds: readonly OrderKind[]): number {
    return this.#instances.takeOver(this.id, kinds);
  }

  /** Leaves the list in order. A record that cannot be written is left as it is: the lock alone says enough. */
  end(): void {
    try {
      this.#instances.remove(this.id);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    } finally {
      this.#lock.release();
    }
  }
}

function readInstance(row: Row): InstanceFacts {
  const bits = readNumber(row, "cancels");
  return {
    id: readText(row, "id"),
    pid: readNumber(row, "pid"),
    command: readText(row, "command"),
    startedAt: readNumber(row, "started_at"),
    cancels: (["real", "paper"] as const).filter((kind) => (bits & KIND_BITS[kind]) !== 0),
  };
}
