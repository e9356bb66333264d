/** A process that runs a statement that locks something of a database, until it is told to let go. */

import { Database } from "../../src/state/record/postgres/database.ts";
import { accessOf } from "./open_postgres.ts";
import { say, untilToldToGoOn } from "./state_process.ts";

const [url = "", statement = ""] = Deno.args;
const database = new Database(accessOf(url));
await database.transaction(async ({ query }) => {
  await query("SET LOCAL idle_in_transaction_session_timeout = 0");
  await query(statement);
  await say("locked");
  await untilToldToGoOn();
});
await database.close();
