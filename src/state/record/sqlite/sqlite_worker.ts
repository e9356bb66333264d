/** The worker module for SQLite engines. */

import { serveEngines } from "../../engine_worker.ts";
import { ENGINES } from "./engines.ts";

serveEngines(ENGINES);
