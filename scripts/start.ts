/**
 * Starts the program from source and reports a slow start: dependencies are downloaded at the first start, before
 * anything else can run. So nothing of the program is imported here statically, which would load it before this file.
 */

import { announceIfSlow } from "../src/cli/slow_start.ts";

const at = (path: string): string => new URL(path, import.meta.url).href;

await announceIfSlow(import(at("../src/cli/run.ts")), {
  afterMs: 1_500,
  say: (line) => void Deno.stderr.write(new TextEncoder().encode(`${line}\n`)),
});
await import(at("../main.ts"));
