/** Callers for tests that do not depend on authentication. */

import { addressCredential, LOCAL } from "../../src/access/authenticator.ts";
import type { Authentication } from "../../src/access/authenticator.ts";
import { AccessFile } from "../../src/access/access_file.ts";
import { Caller } from "../../src/access/caller.ts";
import { ALL_SCOPES } from "../../src/access/scopes.ts";
import type { Scope } from "../../src/access/scopes.ts";

/** A caller with all rights, or the given ones. */
export function callerOf(identity = "local", scopes: Iterable<Scope> = ALL_SCOPES): Caller {
  const credential = { ...LOCAL, identity, scopes: new Set(scopes) };
  return new Caller({ credential, address: "127.0.0.1", grants: new AccessFile(), now: () => 0 });
}

/** Admits every caller under its address, with read access only. */
export function letIn(_request: unknown, { address }: { readonly address: string }): Promise<Authentication> {
  const credential = addressCredential(address);
  return Promise.resolve({
    ok: true,
    caller: new Caller({ credential, address, grants: new AccessFile(), now: () => 0 }),
  });
}
