/**
 * Starts the program from source and says so when loading takes long: what it is made of is downloaded at the first start,
 * before any of it can speak. So nothing of it is imported here by name, which would load it ahead of this file.
 */

import { announceIfSlow } from "../src/cli/slow_start.ts";

const at = (path: string): string => new URL(path, import.meta.url).href;

await announceIfSlow(import(at("../src/cli/run.ts")), {
  afterMs: 1_500,
  say: (line) => void Deno.stderr.write(new TextEncoder().encode(`${line}\n`)),
});
await import(at("../main.ts"));
