/** The grants that count now; a file that is read again takes the place of the one before. */

import type { Scope } from "./scopes.ts";
import { AccessFile } from "./access_file.ts";
import type { Credential, Grants, IdentityLimits } from "./caller.ts";

/** Grants that can be replaced while callers are connected. */
export class CurrentGrants implements Grants {
  #file: AccessFile;

  /** Without a file every credential allows what it says itself. */
  constructor(file = new AccessFile()) {
    this.#file = file;
  }

  /** Takes another file from now on. */
  replace(file: AccessFile): void {
    this.#file = file;
  }

  allows(credential: Credential, scope: Scope): boolean {
    return this.#file.allows(credential, scope);
  }

  limitsOf(identity: string): IdentityLimits {
    return this.#file.limitsOf(identity);
  }
}
