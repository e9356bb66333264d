/**
 * Processes that can send orders. What one of them leaves unfinished when it ends, another takes over: in one
 * transaction that also removes it from the list, so that it can send nothing more in case it is still running.
 */

/** A process that can send orders, as others see it. */
export interface InstanceFacts {
  /** 16 hexadecimal digits. */
  readonly id: string;
  readonly pid: number;
  /** Its command, such as `serve`. */
  readonly command: string;
  /** Wall milliseconds. */
  readonly startedAt: number;
  /** Ids of the accounts whose open orders it cancels when a halt requests that. */
  readonly cancels: readonly string[];
}

/** A listed process, for operators. */
export interface ListedInstance extends InstanceFacts {
  readonly isAlive: boolean;
  /** The address that its database connection comes from; `null` when the record is local. */
  readonly address: string | null;
  /**
   * When it renewed its lease, and until when that is valid, in wall clock milliseconds; `null` when there are no
   * leases.
   */
  readonly renewedAt: number | null;
  readonly leaseUntil: number | null;
  /** Its report about itself, as JSON; `null` when that is stored elsewhere, or there is none yet. */
  readonly report: string | null;
}

/** All instances of one record. Every operation rejects with a `StoreError` when it fails. */
export interface Instances {
  /**
   * Adds an instance to the list, and removes those that have ended and left nothing unfinished. The caller must
   * already hold the sign of life.
   */
  enter(facts: InstanceFacts): Promise<void>;
  /** Removes an instance that has ended. Others may take over what it left unfinished. */
  remove(id: string): Promise<void>;
  /** Whether an instance may send orders. */
  has(id: string): Promise<boolean>;
  /** Stores an instance's report about itself, as JSON, when other machines must see it. */
  tell(id: string, report: string): Promise<void>;
  /** All listed instances, oldest first. */
  listed(): Promise<readonly ListedInstance[]>;
  /** Those whose process is live, oldest first. */
  alive(): Promise<readonly InstanceFacts[]>;
  /**
   * Assigns what ended instances left unfinished on these accounts, and what a version without instances recorded, to
   * `heir`, which must be able to look up their orders; returns how many placements.
   */
  takeOver(heir: string, accounts: readonly string[]): Promise<number>;
}
