import assert from "node:assert/strict";
import { join } from "node:path";
import { paper } from "../../src/cli/paper.ts";
import type { ExitCode } from "../../src/world.ts";
import { PAPER_FILE, PaperStore } from "../../src/simulation/paper/paper_store.ts";
import { TestWorld } from "./world.ts";

interface Run {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(flags: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const world = new TestWorld({ env });
  const code = await paper(flags, { world, problems: [], uid: () => null });
  return { code, stdout: world.stdout.text, stderr: world.stderr.text };
}

/** Runs `body` with a state folder in which two identities have spent a rand. */
async function withState(body: (state: string) => Promise<void>): Promise<void> {
  const state = await Deno.makeTempDir();
  try {
    const store = PaperStore.open(state);
    store.setOpenings({ ZAR: "10" });
    for (const identity of ["local", "key:alice"]) store.transact(() => spend(store, identity));
    store.close();
    await body(state);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

function spend(store: PaperStore, identity: string): void {
  store.accounts.open(identity, { currencies: [], nowMs: 0 });
  const account = store.accounts.of(identity).find(({ currency }) => currency === "ZAR");
  assert.ok(account);
  const [timestamp, kind, description, reference] = [1, "FEE" as const, "", ""];
  const delta = account.balance.div(-10);
  store.accounts.ledgersOf(identity).get(account.id)
    .ledger.append({ timestamp, kind, description, reference, balanceDelta: delta, availableDelta: delta });
}

function balanceOf(state: string, identity: string): string | undefined {
  const store = PaperStore.open(state);
  try {
    return store.accounts.of(identity)[0]?.balance.toFixed();
  } finally {
    store.close();
  }
}

Deno.test("paper reset restores the accounts of everybody", () =>
  withState(async (state) => {
    assert.equal(balanceOf(state, "local"), "9");
    const { code, stdout, stderr } = await run({ state });
    assert.deepEqual([code, stdout], [0, ""]);
    assert.match(stderr, /of everybody/);
    assert.deepEqual([balanceOf(state, "local"), balanceOf(state, "key:alice")], ["10", "10"]);
  }));

Deno.test("paper reset --client restores the accounts of one, in the folder that LUNO_MCP_STATE names", () =>
  withState(async (state) => {
    const { code, stderr } = await run({ client: "key:alice" }, { LUNO_MCP_STATE: state });
    assert.equal(code, 0);
    assert.match(stderr, /of key:alice/);
    assert.deepEqual([balanceOf(state, "local"), balanceOf(state, "key:alice")], ["9", "10"]);
  }));

Deno.test("paper reset says which client has no paper accounts", () =>
  withState(async (state) => {
    const { code, stderr } = await run({ state, client: "key:bob" });
    assert.equal(code, 1);
    assert.match(stderr, /"key:bob" as it has no paper accounts/);
  }));

Deno.test("paper reset says when there is nothing to reset, and makes nothing", async () => {
  const state = await Deno.makeTempDir();
  try {
    const { code, stderr } = await run({ state });
    assert.equal(code, 2);
    assert.match(stderr, /--state: expected a readable file: there is none: .*paper\.db/);
    await assert.rejects(Deno.stat(join(state, PAPER_FILE)), Deno.errors.NotFound);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
});

Deno.test("paper reset leaves the state of a newer version alone", () =>
  withState(async (state) => {
    const store = new (await import("node:sqlite")).DatabaseSync(join(state, PAPER_FILE));
    store.exec("PRAGMA user_version = 99");
    store.close();
    const { code, stderr } = await run({ state });
    assert.equal(code, 2);
    assert.match(stderr, /newer version/);
  }));
