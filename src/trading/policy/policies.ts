/** The policy that counts now; a file that is read again takes the place of the one before. */

import type { Policy } from "./policy.ts";
import { PolicyFile } from "./policy_file.ts";
import type { PolicyBounds, TradingBound } from "./policy_file.ts";

/** Policies within what the command line allows. */
export class CurrentPolicies {
  /** What `--trading` allows at most. */
  readonly bound: TradingBound;
  readonly #bounds: PolicyBounds;
  #file: PolicyFile;

  /** Without a file the built-in one counts. */
  constructor(bound: TradingBound, file = new PolicyFile(), bounds: PolicyBounds = {}) {
    this.bound = bound;
    this.#file = file;
    this.#bounds = bounds;
  }

  /** Takes another file from now on. */
  replace(file: PolicyFile): void {
    this.#file = file;
  }

  /** Which version of the record's policy counts here; `undefined` where it is a file's or built in. */
  get version(): number | undefined {
    return this.#file.version;
  }

  /** Whether anybody trades on paper now. */
  get hasPaper(): boolean {
    // An identity that the file does not name has what the default says.
    return ["", ...this.#file.identities].some((identity) => this.of(identity).mode === "paper");
  }

  /** What an identity may do now. */
  of(identity: string): Policy {
    return this.#file.policyOf(identity, this.bound, this.#bounds);
  }
}
