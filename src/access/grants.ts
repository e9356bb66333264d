/** The grants in force; reloading the file replaces them. */

import type { Scope } from "./scopes.ts";
import { AccessFile } from "./access_file.ts";
import type { Credential, Grants, IdentityLimits } from "./caller.ts";

/** Grants that can be replaced while callers are connected. */
export class CurrentGrants implements Grants {
  #file: AccessFile;

  /** Without a file, every credential grants its own scopes. */
  constructor(file = new AccessFile()) {
    this.#file = file;
  }

  /** Puts another file into force. */
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
