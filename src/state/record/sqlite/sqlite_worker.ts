/** The module of a worker that runs one engine of SQLite. */

import { serveEngines } from "../../engine_worker.ts";
import { ENGINES } from "./engines.ts";

serveEngines(ENGINES);
