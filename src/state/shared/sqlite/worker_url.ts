/** The address of the worker's module: beside this one, in the sources and in the bundle. */

/** For `new Worker()`. */
export const WORKER: URL = new URL(
  import.meta.url.endsWith(".ts") ? "./sessions_worker.ts" : "./sessions_worker.js",
  import.meta.url,
);
