import assert from "node:assert/strict";
import { join } from "node:path";
import { paper } from "../../src/cli/paper.ts";
import type { PaperLedger } from "../../src/simulation/paper/ledger.ts";
import { marketOfTerms } from "../../src/simulation/paper/paper_market.ts";
import type { ExitCode } from "../../src/world.ts";
import { PAPER_FILE } from "../../src/state/record/sqlite/open_paper_ledger.ts";
import { openLedger } from "../simulation/paper/paper_world.ts";
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

/** Runs `body` with a state folder in which two identities have reserved one rand for an order. */
async function withState(body: (state: string) => Promise<void>): Promise<void> {
  const state = await Deno.makeTempDir();
  try {
    const ledger = await openLedger(state, { ZAR: "10" });
    for (const identity of ["local", "key:alice"]) await placeBid(ledger, identity);
    await ledger.close();
    await body(state);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

const MARKET = marketOfTerms({
  id: "XBTZAR",
  base: "XBT",
  counter: "ZAR",
  priceScale: 0,
  volumeScale: 2,
  feeScale: 8,
  makerFee: "0",
  takerFee: "0",
});

async function placeBid(ledger: PaperLedger, identity: string): Promise<void> {
  const accounts = await ledger.openAccounts({ identity, currencies: ["XBT"], nowMs: 0 });
  const [xbt, zar] = accounts.map(({ id }) => id);
  assert.ok(xbt !== undefined && zar !== undefined);
  const terms = { clientOrderId: "", side: "BUY", type: "LIMIT", timeInForce: "GTC", postOnly: false } as const;
  const amounts = { limitPrice: 1, limitVolume: 100, budget: null, stop: null };
  const draft = { market: MARKET, ...terms, ...amounts, baseAccountId: xbt, counterAccountId: zar };
  await ledger.place({ identity, draft, book: null, seen: 0, nowMs: 1, expiresMs: Infinity });
}

async function balanceOf(state: string, identity: string): Promise<string | undefined> {
  const ledger = await openLedger(state, { ZAR: "10" });
  try {
    const accounts = await ledger.openAccounts({ identity, currencies: [], nowMs: 0 });
    return accounts.find(({ currency }) => currency === "ZAR")?.available;
  } finally {
    await ledger.close();
  }
}

Deno.test("paper reset restores every client's accounts", () =>
  withState(async (state) => {
    assert.equal(await balanceOf(state, "local"), "9");
    const { code, stdout, stderr } = await run({ state });
    assert.deepEqual([code, stdout], [0, ""]);
    assert.match(stderr, /of everybody/);
    assert.deepEqual([await balanceOf(state, "local"), await balanceOf(state, "key:alice")], ["10", "10"]);
  }));

Deno.test("paper reset --client restores one client's accounts, in the folder that LUNO_MCP_STATE names", () =>
  withState(async (state) => {
    const { code, stderr } = await run({ client: "key:alice" }, { LUNO_MCP_STATE: state });
    assert.equal(code, 0);
    assert.match(stderr, /of key:alice/);
    assert.deepEqual([await balanceOf(state, "local"), await balanceOf(state, "key:alice")], ["9", "10"]);
  }));

Deno.test("paper reset reports a client without paper accounts", () =>
  withState(async (state) => {
    const { code, stderr } = await run({ state, client: "key:bob" });
    assert.equal(code, 1);
    assert.match(stderr, /"key:bob" as it has no paper accounts/);
  }));

Deno.test("paper reset reports that there is nothing to reset, and creates nothing", async () => {
  const state = await Deno.makeTempDir();
  try {
    const { code, stderr } = await run({ state });
    assert.equal(code, 2);
    assert.match(
      stderr,
      /--state: expected a folder with paper accounts: there is no .*paper\.db: a server with --exchange paper makes it/,
    );
    await assert.rejects(Deno.stat(join(state, PAPER_FILE)), Deno.errors.NotFound);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
});

Deno.test("paper reset leaves state of a newer version unchanged", () =>
  withState(async (state) => {
    const store = new (await import("node:sqlite")).DatabaseSync(join(state, PAPER_FILE));
    store.exec("PRAGMA user_version = 99");
    store.close();
    const { code, stderr } = await run({ state });
    assert.equal(code, 2);
    assert.match(stderr, /newer version/);
  }));
