/**
 * Imported first by the module of a worker of tests: the worker outlives its engine, so that it can run another one and
 * loads its modules once. It says when it would have ended.
 */

declare const self: { close(): void; postMessage(message: unknown): void };

self.close = () => self.postMessage("free");
