/** The worker with broken engines of the record, which outlives its engine. */

import "../outlive_engine.ts";
import "./record_worker.ts";
