/** This process among those that can send orders on one record. */

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
   * Enters this process into the record. Its lock comes first, so that nobody sees an instance without one; it is released
   * with the instance, and here already when this rejects.
   *
   * @throws {StoreError} the record cannot be written
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

  /** What its placements are marked with. */
  get id(): string {
    return this.#lock.id;
  }

  /** Takes over what ended instances left undone on these accounts; answers how many placements. @throws {StoreError} */
  takeOver(accounts: readonly string[]): Promise<number> {
    return this.#instances.takeOver(this.id, accounts);
  }

  /** Leaves the list in order. A record that cannot be written is left as it is: the lock alone says enough. */
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
