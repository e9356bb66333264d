/** The policy in force; reloading the file replaces it. */

import type { Policy } from "./policy.ts";
import { PolicyFile } from "./policy_file.ts";
import type { PolicyBounds, TradingBound } from "./policy_file.ts";

/** Policies within the bounds of the command line. */
export class CurrentPolicies {
  /** The most that `--trading` allows. */
  readonly bound: TradingBound;
  readonly #bounds: PolicyBounds;
  #file: PolicyFile;

  /** Without a file the built-in policy applies. */
  constructor(bound: TradingBound, file = new PolicyFile(), bounds: PolicyBounds = {}) {
    this.bound = bound;
    this.#file = file;
    this.#bounds = bounds;
  }

  /** Puts another file into force. */
  replace(file: PolicyFile): void {
    this.#file = file;
  }

  /** The version of the record's policy in force here; `undefined` when it comes from a file or is built in. */
  get version(): number | undefined {
    return this.#file.version;
  }

  /** Whether any identity trades on paper now. */
  get hasPaper(): boolean {
    // An identity that the file does not name gets the default entry.
    return ["", ...this.#file.identities].some((identity) => this.of(identity).mode === "paper");
  }

  /** The present policy of an identity. */
  of(identity: string): Policy {
    return this.#file.policyOf(identity, this.bound, this.#bounds);
  }
}
