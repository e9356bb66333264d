/**
 * A process whose record ends its own worker: `dying_process.ts FOLDER keeps|gives-back` writes orders down, among them some that
 * end the worker, and says what each came to. `gives-back`: without the permission to write, once the record is open.
 */

import { openRecord } from "../../../src/state/record/sqlite/open_record.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import { entry, FREE, INSTANCE, NOW } from "../../trading/stores.ts";
import { OWN_WORKER } from "./record_engines.ts";

const [folder = "", permission] = Deno.args;
const record = await openRecord(
  { folder, mode: "write", timeoutMs: 0, patienceMs: 5_000, monotonic: () => performance.now() },
  { worker: OWN_WORKER, engine: "dying" },
);
await record.instances.enter(INSTANCE);
if (permission === "gives-back") Deno.permissions.revokeSync({ name: "write" });
for (const name of ["first", "die", "second", "die", "third"]) {
  const begun = record.journal.begin(entry(name), FREE, NOW);
  const outcome = await begun.then(({ kind }) => kind, (error) => {
    if (!(error instanceof StoreError)) throw error;
    return error.failure;
  });
  await say(`${name} ${outcome}`);
}
await say((await record.journal.unsettled({})).map(({ clientOrderId }) => clientOrderId).sort().join(" "));
await record.close();

async function say(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}
