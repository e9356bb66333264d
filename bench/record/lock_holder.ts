/**
 * A process that keeps every other process from writing a database, from the first byte of its input until the input
 * ends.
 */

import { DatabaseSync } from "node:sqlite";

const database = new DatabaseSync(Deno.args[0] ?? "", { timeout: 60_000 });
const input = Deno.stdin.readable.getReader();
await input.read();
database.exec("BEGIN IMMEDIATE");
await Deno.stdout.write(new TextEncoder().encode("locked\n"));
while (!(await input.read()).done);
database.close();
