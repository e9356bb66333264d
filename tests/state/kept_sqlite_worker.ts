/** The program's own worker for SQLite engines, which outlives its engine. */

import "./outlive_engine.ts";
import "../../src/state/record/sqlite/sqlite_worker.ts";
