/** Workers that run one engine after another, for tests that open many: starting one costs more than most tests do. */

import type { WorkerSource } from "../../src/state/remote_engine.ts";

/** Gives a worker of this module that no engine uses, or starts one; the module imports `outlive_engine.ts`. */
export function keptWorkers(module: URL): WorkerSource {
  const free: Worker[] = [];
  return () => free.pop() ?? start();

  function start(): Worker {
    const worker = new Worker(module, { type: "module" });
    worker.addEventListener("message", (event) => {
      if (event.data !== "free") return;
      event.stopImmediatePropagation();
      free.push(worker);
    });
    return worker;
  }
}

/** The program's own worker for SQLite engines. */
export const KEPT_WORKERS: WorkerSource = keptWorkers(new URL("./kept_sqlite_worker.ts", import.meta.url));
