/**
 * A caller in a process of its own: `FOLDER die` is killed between the intent and the sending, `FOLDER race NAME COUNT`
 * says that it is ready, waits for its stdin to end, begins placements under a limit per day and prints how many began.
 */

import { entry, FREE, NOW } from "./stores.ts";
import { TradingStore } from "../../src/trading/store.ts";

const [folder = "", action, name = "", count = "0"] = Deno.args;
const store = TradingStore.open(folder, { now: () => NOW });
if (action === "die") {
  store.journal.begin(entry("dying", { idempotencyKey: "key-1" }), FREE, NOW);
  Deno.kill(Deno.pid, "SIGKILL");
}
if (action === "race") {
  await Deno.stdout.write(new TextEncoder().encode("ready "));
  while (await Deno.stdin.read(new Uint8Array(1)) !== null);
  const policy = { ...FREE, maxPerDay: { amount: "20000", currency: "ZAR" } };
  let begun = 0;
  for (let i = 0; i < Number(count); i++) {
    if (store.journal.begin(entry(`${name}${i}`), policy, NOW).kind === "begun") begun++;
  }
  await Deno.stdout.write(new TextEncoder().encode(String(begun)));
}
store.close();
