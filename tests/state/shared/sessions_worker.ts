/** A worker whose engine of sessions has no room for much. */

import { serveEngines } from "../../../src/state/engine_worker.ts";
import { SqliteSessions } from "../../../src/state/shared/sqlite/sessions.ts";
import type { SqliteSessionsOptions } from "../../../src/state/shared/sqlite/sessions.ts";
import { MIGRATIONS } from "../../../src/state/shared/sqlite/session_statements.ts";
import { openDatabase } from "../../../src/state/sqlite.ts";

serveEngines({
  full: (options: SqliteSessionsOptions) => {
    const database = openDatabase(options.path, { migrations: MIGRATIONS, expendable: true });
    database.exec("PRAGMA max_page_count = 600");
    return Promise.resolve(new SqliteSessions(database, options));
  },
});
