/** The worker module for sessions. */

import { serveEngines } from "../../engine_worker.ts";
import { ENGINES } from "./engines.ts";

serveEngines(ENGINES);
