/**
 * Processes that can send orders. What one of them leaves undone when it ends, another takes over: in one transaction
 * that also takes it off the list, so that it can send nothing more should it live after all.
 */

/** One process that can send orders, as others see it. */
export interface InstanceFacts {
  /** 16 hexadecimal digits. */
  readonly id: string;
  readonly pid: number;
  /** What was started, such as `serve`. */
  readonly command: string;
  /** Wall milliseconds. */
  readonly startedAt: number;
  /** Ids of the accounts whose open orders it cancels at a halt that requests so. */
  readonly cancels: readonly string[];
}

/** One on the list as operators see it. */
export interface ListedInstance extends InstanceFacts {
  readonly isAlive: boolean;
  /** Where its connection to the record comes from; `null` where that is one machine. */
  readonly address: string | null;
  /** When it renewed its lease, and until when that holds: wall milliseconds; `null` where nothing is leased. */
  readonly renewedAt: number | null;
  readonly leaseUntil: number | null;
  /** What it says about itself, as JSON; `null` where that stands elsewhere, or it said nothing yet. */
  readonly report: string | null;
}

/** All instances of one record. Every operation rejects with a `StoreError` where it cannot be done. */
export interface Instances {
  /**
   * Puts an instance on the list, and forgets those that have ended and left nothing undone. What shows that it lives is
   * its caller's to have before.
   */
  enter(facts: InstanceFacts): Promise<void>;
  /** Takes an instance off the list: it has ended. What it left undone is anybody's then. */
  remove(id: string): Promise<void>;
  /** Whether an instance may send. */
  has(id: string): Promise<boolean>;
  /** Keeps what an instance says about itself, as JSON, where other machines are to see it. */
  tell(id: string, report: string): Promise<void>;
  /** All that stand on the list, oldest first. */
  listed(): Promise<readonly ListedInstance[]>;
  /** Those whose process lives, oldest first. */
  alive(): Promise<readonly InstanceFacts[]>;
  /**
   * Makes what ended instances left undone on these accounts, and what a version without instances wrote, the business of
   * `heir`, who can look up their orders; answers how many placements.
   */
  takeOver(heir: string, accounts: readonly string[]): Promise<number>;
}
