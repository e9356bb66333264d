/**
 * How V8 manages its heap for a server that runs for weeks: it collects when live data has grown by half, instead of by
 * up to three times, and grows its space for new objects to 8 MiB instead of 16. A server under load takes half as much
 * memory beyond its live data, for one per cent of processor time. That space is 2 MiB instead of 1 at first, in which
 * a start fits: a collection during the start would need memory and time of its own. `deno.json` repeats the flags,
 * since a task can import nothing.
 */
export const HEAP_FLAGS = "--v8-flags=--min-semi-space-size=2,--max-semi-space-size=8,--heap-growing-percent=50";
