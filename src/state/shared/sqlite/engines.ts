/** The engine that the worker of `shared.db` runs. */

import type { SqliteSessions, SqliteSessionsOptions } from "./sessions.ts";

/** By name. */
export const ENGINES = {
  sessions: async (options: SqliteSessionsOptions): Promise<SqliteSessions> =>
    (await import("./sessions.ts")).SqliteSessions.open(options),
};
