/** A process that keeps everybody else from writing the database it is given. */

import { DatabaseSync } from "node:sqlite";
import { say, untilToldToGoOn } from "./state_process.ts";

const database = new DatabaseSync(Deno.args[0] ?? "");
database.exec("BEGIN IMMEDIATE");
await say("locked");
await untilToldToGoOn();
database.close();
