/** A process that moves a record from a folder to a database, and stands still in the middle until it is killed. */

import { moveRecord } from "../../../src/state/record/move/move_record.ts";
import { withPostgresEnd } from "../../../src/state/record/move/postgres_end.ts";
import { withSqliteEnd } from "../../../src/state/record/move/sqlite_end.ts";
import { print } from "../../../src/world.ts";
import { accessOf } from "../open_postgres.ts";

const [from, folder = "", url = ""] = Deno.args;
const access = accessOf(url);
const options = {
  venueOf: (name: string) => name,
  async onRows(table: string) {
    if (table !== "audit") return;
    await print(Deno.stdout, "in the middle");
    await new Response(Deno.stdin.readable).text();
  },
};
if (from === "sqlite") {
  await withSqliteEnd(
    { folder, role: "source" },
    (source) => withPostgresEnd(access, { folder, role: "target" }, (target) => moveRecord(source, target, options)),
  );
} else {
  await withPostgresEnd(
    access,
    { folder, role: "source" },
    (source) => withSqliteEnd({ folder, role: "target" }, (target) => moveRecord(source, target, options)),
  );
}
