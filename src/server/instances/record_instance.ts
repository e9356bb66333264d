/** This process as one of those that can send orders on a record. */

import { InstanceLock } from "../../state/instance_lock.ts";
import type { InstanceFacts, Instances } from "../../trading/record/instances.ts";
import { StoreError } from "../../trading/record/store_error.ts";

/** An instance of this process, until it ends. */
export class RecordInstance {
  readonly #lock: InstanceLock;
  readonly #instances: Pick<Instances, "remove" | "takeOver">;

  private constructor(lock: InstanceLock, instances: Pick<Instances, "remove" | "takeOver">) {
    this.#lock = lock;
    this.#instances = instances;
  }

  /**
   * Registers this process in the record. Takes its lock first, so that no instance is listed without one; the lock is
   * released with the instance, or here when this rejects.
   *
   * @throws {StoreError} when the record cannot be written
   */
  static async enter(
    instances: Pick<Instances, "enter" | "remove" | "takeOver">,
    { lock, ...facts }: Omit<InstanceFacts, "id"> & { readonly lock: InstanceLock },
  ): Promise<RecordInstance> {
    try {
      await instances.enter({ ...facts, id: lock.id });
    } catch (error) {
      lock.release();
      throw error;
    }
    return new RecordInstance(lock, instances);
  }

  /** The id recorded with its placements. */
  get id(): string {
    return this.#lock.id;
  }

  /**
   * Takes over what ended instances left unfinished on these accounts; returns how many placements.
   *
   * @throws {StoreError}
   */
  takeOver(accounts: readonly string[]): Promise<number> {
    return this.#instances.takeOver(this.id, accounts);
  }

  /** Removes the registration. If the record cannot be written it stays: the lock alone suffices. */
  async end(): Promise<void> {
    try {
      await this.#instances.remove(this.id);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    } finally {
      this.#lock.release();
    }
  }
}
