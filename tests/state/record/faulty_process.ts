/**
 * A process whose state has faults: `faulty_process.ts FOLDER record|keys|paper|sessions` opens it, gives back the permission to
 * write, and says what each operation came to.
 */

import { join } from "node:path";
import { createApiKey } from "../../../src/access/api_key.ts";
import { openKeys } from "../../../src/state/record/sqlite/open_keys.ts";
import { openPaperLedger } from "../../../src/state/record/sqlite/open_paper_ledger.ts";
import { openRecord } from "../../../src/state/record/sqlite/open_record.ts";
import { openSessions } from "../../../src/state/shared/sqlite/open_sessions.ts";
import { StateError } from "../../../src/state/state_error.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import { entry, FREE, INSTANCE, NOW } from "../../trading/stores.ts";
import { say } from "../state_process.ts";
import { OWN_WORKER } from "./record_engines.ts";

const [folder = "", what] = Deno.args;
const clock = { timeoutMs: 0, monotonic: () => performance.now() };
const worker = new URL("../faulty_worker.ts", import.meta.url);
const path = join(folder, "state.db");

/** State that keeps what it is told to, and can be read. */
interface Kept {
  keep(name: string): Promise<unknown>;
  has(name: string): Promise<boolean>;
  fault(): Promise<unknown>;
  close(): Promise<void>;
}

if (what === "record") await tryRecord();
else {await tryState(
    what === "keys" ? await openOwnKeys() : what === "paper" ? await openPaper() : await openOwnSessions(),
  );}

async function tryRecord(): Promise<void> {
  const options = { folder, mode: "write", patienceMs: 5_000, ...clock } as const;
  const record = await openRecord(options, { worker: OWN_WORKER, engine: "faulty" });
  await record.instances.enter(INSTANCE);
  stopWriting();
  for (const name of ["first", "die", "second", "die", "die", "third"]) {
    const begun = record.journal.begin(entry(name), FREE, NOW);
    const outcome = await begun.then(({ kind }) => kind, (error) => {
      if (!(error instanceof StoreError)) throw error;
      return error.failure;
    });
    await say(`${name} ${outcome}`);
  }
  await say((await record.journal.unsettled({})).map(({ clientOrderId }) => clientOrderId).sort().join(" "));
  await record.close();
}

async function tryState(state: Kept): Promise<void> {
  stopWriting();
  for (const name of ["first", "fault", "second", "fault", "third"]) {
    if (name === "fault") {
      const failed = await state.fault().then(() => undefined, (error) => error);
      const isUnknown = failed === undefined || failed instanceof StateError && failed.failure === "outcome_unknown";
      await say(isUnknown ? "fault" : String(failed));
    } else {
      await state.keep(name);
      await say(`${await state.has(name) ? "kept" : "lost"} ${name}`);
    }
  }
  await state.close();
}

function stopWriting(): void {
  Deno.permissions.revokeSync({ name: "write" });
}

async function openOwnKeys(): Promise<Kept> {
  const keys = await openKeys({ path, mode: "write", ...clock }, { worker });
  const { text: _, ...digest } = createApiKey();
  return {
    keep: (name) => keys.add({ ...digest, id: `${digest.id}${name}`, name, scopes: ["market:read"], now: 0 }),
    async has(name) {
      const found = await keys.since(undefined);
      return found.kind === "changed" && found.keys.some(({ key }) => key.name === name);
    },
    fault: () => keys.list(),
    close: () => keys.close(),
  };
}

async function openPaper(): Promise<Kept> {
  const ledger = await openPaperLedger({ path, openings: { ZAR: "1" }, ...clock }, { worker });
  const ids = new Map<string, string>();
  return {
    async keep(identity) {
      const [account] = await ledger.openAccounts({ identity, currencies: ["ZAR"], nowMs: 0 });
      ids.set(identity, account?.id ?? "");
    },
    has: async (identity) => await ledger.account({ identity, id: ids.get(identity) ?? "" }) !== undefined,
    fault: () => ledger.trades("first", {} as Parameters<typeof ledger.trades>[1]),
    close: () => ledger.close(),
  };
}

async function openOwnSessions(): Promise<Kept> {
  const sessions = await openSessions({ path, idleMs: 1_000, now: () => 0, ...clock }, { worker });
  return {
    keep: async (id) => await sessions.save({ id, identity: "ann", opening: "{}", subscriptions: [] }),
    has: async (id) => await sessions.take(id, "ann") !== undefined,
    fault: async () => await sessions.touch("first"),
    close: () => sessions.close(),
  };
}
