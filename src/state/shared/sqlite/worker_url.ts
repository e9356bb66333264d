/** Where the worker's module is: beside this one, in the sources as in the program's bundle. */

/** For `new Worker()`. */
export const WORKER: URL = new URL(
  import.meta.url.endsWith(".ts") ? "./sessions_worker.ts" : "./sessions_worker.js",
  import.meta.url,
);
