/** A process that enters a record, prints the id of its instance and waits for its stdin to end. */

import { enterInstance, openStore } from "../../trading/stores.ts";

const [folder = ""] = Deno.args;
const store = openStore(folder);
const { id } = enterInstance(store, { folder });
await Deno.stdout.write(new TextEncoder().encode(id));
while (await Deno.stdin.read(new Uint8Array(1)) !== null);
store.close();
