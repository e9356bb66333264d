/** A trading record in a place of its own, as the behaviour suite takes it, and what can happen to it. */

import type { InstanceFacts } from "../../../src/trading/record/instances.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import type { StateProcess } from "../state_process.ts";

/** A process that can send orders, until it dies. */
export interface LivingInstance {
  readonly id: string;
  /** It ends without a word: what stands of it in the record stays. */
  die(): Promise<void>;
}

/** How a record is opened. */
export interface OpenedAs {
  /** @default "write" */
  readonly mode?: "write" | "read";
  /** @default nothing is hidden */
  readonly secrets?: readonly string[];
}

/** One record of one engine. */
export interface RecordInstallation extends AsyncDisposable {
  /** The state folder: what halts by a file, and archive files. */
  readonly folder: string;
  /** Opens the record once more; `INSTANCE` lives and is on its list. */
  open(as?: OpenedAs): Promise<TradingRecord>;
  /** Opens it where there is no room for more. */
  openFull(): Promise<TradingRecord>;
  /** Opens it on a disk that takes 300 ms for every commit of an order or a preview. */
  openSlow(): Promise<TradingRecord>;
  /** Enters another instance that lives. */
  enter(record: TradingRecord, facts?: Partial<InstanceFacts>): Promise<LivingInstance>;
  /** Runs statements on the tables themselves, as somebody does who goes around the program. */
  tamper(...statements: readonly string[]): Promise<void>;
  /** The same by somebody who first takes away what protects the rows of the audit. */
  force(...statements: readonly string[]): Promise<void>;
  /** Another process keeps everybody else from writing, until it is told to let go. */
  lock(): Promise<StateProcess>;
  /** Another process enters and begins placements until it is killed; tells the client order id of each that was answered. */
  write(): Promise<StateProcess>;
  /**
   * Another process says that it is ready, waits to be told to go on, begins placements under a limit per day of 20,000 ZAR,
   * and tells how many began.
   */
  race(name: string, count: number): Promise<StateProcess>;
  /**
   * Another process says that it is ready, waits to be told to go on, uses previews up by orders and questions in turn, and
   * tells how many it could.
   */
  take(previews: readonly (readonly [identity: string, previewId: string])[]): Promise<StateProcess>;
  /** Another process shows orders, each to an identity of its own, until it is killed; tells each preview. */
  show(): Promise<StateProcess>;
}
