/**
 * How V8 keeps its heap for a server that runs for weeks: it collects when what lives has grown by half, instead of by up
 * to three times, and grows its part for new objects to 8 MiB instead of 16. A server under load takes half as much memory
 * beyond what lives, for one per cent of processor time. That part is 2 MiB instead of 1 at first, in which a start fits:
 * a collection in between would need memory and time of its own. `deno.json` repeats it, as a task can import nothing.
 */
export const HEAP_FLAGS = "--v8-flags=--min-semi-space-size=2,--max-semi-space-size=8,--heap-growing-percent=50";
