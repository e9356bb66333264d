import assert from "node:assert/strict";
import { AccessFile } from "../../src/access/access_file.ts";
import { Caller } from "../../src/access/caller.ts";
import type { Ending } from "../../src/access/caller.ts";
import { CredentialWatch } from "../../src/access/credential_watch.ts";
import { callerOf } from "../support/callers.ts";

/** A caller whose credential can be revoked, and expires at 100. */
function revocable(clock: { now: number }) {
  const state = { isRevoked: false };
  const { credential } = callerOf("key:ann");
  const caller = new Caller({
    credential: { ...credential, expiresAt: 100, isRevoked: () => state.isRevoked },
    address: "127.0.0.1",
    grants: new AccessFile(),
    now: () => clock.now,
  });
  return { caller, state };
}

Deno.test("CredentialWatch.look() ends what depends on an expired credential, once, and nothing else", async () => {
  const clock = { now: 0 };
  const [ann, bob] = [revocable(clock), revocable(clock)];
  const ended: [string, Ending][] = [];
  const watch = new CredentialWatch(() => Promise.resolve());
  watch.watch(ann.caller, (ending) => ended.push(["ann", ending]));
  watch.watch(bob.caller, (ending) => ended.push(["bob", ending]));
  await watch.look();
  assert.deepEqual(ended, []);
  ann.state.isRevoked = true;
  await watch.look();
  await watch.look();
  assert.deepEqual(ended, [["ann", "revoked"]]);
  clock.now = 100;
  await watch.look();
  assert.deepEqual(ended, [["ann", "revoked"], ["bob", "expired"]]);
});

Deno.test("CredentialWatch.look() refreshes first, so that what another process revoked ends in the same check", async () => {
  const { caller, state } = revocable({ now: 0 });
  const ended: Ending[] = [];
  const watch = new CredentialWatch(() => Promise.resolve(void (state.isRevoked = true)));
  watch.watch(caller, (ending) => ended.push(ending));
  await watch.look();
  assert.deepEqual(ended, ["revoked"]);
});

Deno.test("CredentialWatch.look() continues when nothing can be refreshed", async () => {
  const clock = { now: 0 };
  const { caller } = revocable(clock);
  const ended: Ending[] = [];
  const watch = new CredentialWatch(() => Promise.reject(new Error("database is locked")));
  watch.watch(caller, (ending) => ended.push(ending));
  await watch.look();
  clock.now = 100;
  await watch.look();
  assert.deepEqual(ended, ["expired"]);
});

Deno.test("CredentialWatch.look() ends what has expired while a refresh is still pending", () => {
  const clock = { now: 0 };
  const { caller } = revocable(clock);
  const ended: Ending[] = [];
  let refreshes = 0;
  const watch = new CredentialWatch(() => {
    refreshes++;
    return Promise.withResolvers<void>().promise;
  });
  watch.watch(caller, (ending) => ended.push(ending));
  void watch.look();
  clock.now = 100;
  void watch.look();
  assert.deepEqual([ended, refreshes], [["expired"], 1]);
});

Deno.test("CredentialWatch forgets what is closed, and keeps no timer when nothing is open", async () => {
  const { caller, state } = revocable({ now: 0 });
  const watch = new CredentialWatch(() => Promise.resolve());
  const ended: Ending[] = [];
  const leave = watch.watch(caller, (ending) => ended.push(ending));
  leave();
  leave();
  state.isRevoked = true;
  await watch.look();
  assert.deepEqual(ended, []);
});

Deno.test("CredentialWatch checks by itself while something is open", async () => {
  const { caller, state } = revocable({ now: 0 });
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const watch = new CredentialWatch(() => Promise.resolve(void (state.isRevoked = true)));
  watch.watch(caller, resolve);
  assert.equal(await promise, "revoked");
});
