/** The module of the worker that keeps sessions. */

import { serveEngines } from "../../engine_worker.ts";
import { ENGINES } from "./engines.ts";

serveEngines(ENGINES);
