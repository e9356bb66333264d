/**
 * A caller in a process of its own: `FOLDER die` is killed right after it has written an order down as sent, `FOLDER race NAME COUNT`
 * says that it is ready, waits for its stdin to end, begins placements under a limit per day and prints how many began;
 * `FOLDER stand` enters an instance, prints its id and waits for its stdin to end.
 */

import { entry, FREE, NOW, openStore } from "./stores.ts";

const [folder = "", action, name = "", count = "0"] = Deno.args;
const store = openStore(folder);
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
if (action === "stand") {
  const { id } = store.instances.enter({ pid: Deno.pid, command: "serve", startedAt: NOW, cancels: ["real"] });
  await Deno.stdout.write(new TextEncoder().encode(id));
  while (await Deno.stdin.read(new Uint8Array(1)) !== null);
}
store.close();
