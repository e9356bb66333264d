import assert from "node:assert/strict";
import fc from "fast-check";
import { type Scope, SCOPES } from "../../src/access/scopes.ts";
import type { CallerFacts } from "../../src/access/caller.ts";
import { groupsFor, isOffered, offersOf, RESOURCES, TEMPLATES } from "../../src/protocol/resource_list.ts";
import type { ResourceEntry } from "../../src/protocol/resource_list.ts";
import { everyTool } from "../support/exchange.ts";

const entries: readonly ResourceEntry[] = [...Object.values(RESOURCES), ...Object.values(TEMPLATES)];

Deno.test("offersOf() offers a caller what its groups of tools offer, whichever tools there are", () => {
  const some = fc.subarray([...everyTool.listed]);
  fc.assert(fc.property(some, fc.subarray<Scope>([...SCOPES]), fc.constantFrom(...entries), (tools, scopes, entry) => {
    const caller: CallerFacts = { identity: "ann", allows: (scope) => scopes.includes(scope) };
    assert.equal(offersOf(tools)(entry, caller), isOffered(entry, groupsFor(tools, caller), caller));
  }));
});
