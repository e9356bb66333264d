/** Keys in a file, created as the command creates them: changes by another process to a server's keys. */

import assert from "node:assert/strict";
import { createApiKey } from "../../src/access/api_key.ts";
import type { StoredKey } from "../../src/access/keys.ts";
import type { Scope } from "../../src/access/scopes.ts";
import { SqliteKeys } from "../../src/state/record/sqlite/keys.ts";

/** How a key differs from the default. */
export interface TestKey {
  /** @default market:read */
  readonly scopes?: readonly Scope[];
  readonly expiresAt?: number;
  readonly now: number;
}

/** A key and its text. */
export interface MadeKey {
  readonly key: StoredKey;
  readonly text: string;
}

/** The engine itself, without its worker. */
export class StoredKeys implements Disposable {
  readonly engine: SqliteKeys;

  constructor(path: string) {
    this.engine = SqliteKeys.open({ path, mode: "write" });
  }

  create(name: string, { scopes = ["market:read"], expiresAt, now }: TestKey): MadeKey {
    const { text, ...digest } = createApiKey();
    const added = this.engine.add({ ...digest, name, scopes, expiresAt, now });
    assert.ok(added.ok);
    return { key: added.key, text };
  }

  rotate(name: string, { overlapMs, now }: { overlapMs: number; now: number }): MadeKey {
    const { text, ...digest } = createApiKey();
    const rotated = this.engine.rotate({ ...digest, name, overlapMs, now });
    assert.ok(rotated.ok);
    return { key: rotated.key, text };
  }

  /** Returns how many there were. */
  revoke(idOrName: string, now: number): number {
    return this.engine.revoke(idOrName, now).length;
  }

  [Symbol.dispose](): void {
    this.engine.close();
  }
}

/** Creates a key in a file that no process has open. */
export function storeKey(path: string, name: string, key: TestKey): string {
  using keys = new StoredKeys(path);
  return keys.create(name, key).text;
}
