/** The result of a window of load. */

import { processorMs } from "../processor_time.ts";

/** Figures of one window. */
export interface LoadFigures {
  readonly calls: number;
  readonly perSecond: number;
  /** Microseconds of the server's processor time per call. */
  readonly serverUs: number;
  /** The same for the process that creates the load. */
  readonly generatorUs: number;
  /** Bytes per answer. */
  readonly answerBytes: number;
}

/** What a generator counts itself. */
export interface LoadCount {
  readonly calls: number;
  readonly bytes: number;
  readonly elapsedMs: number;
}

/** Runs load, and reads what both processes use for it. */
export async function measureLoad(
  { server, generator }: { readonly server: number; readonly generator: number },
  make: () => Promise<LoadCount>,
): Promise<LoadFigures> {
  const before = { server: await processorMs(server), generator: await processorMs(generator) };
  const { calls, bytes, elapsedMs } = await make();
  const after = { server: await processorMs(server), generator: await processorMs(generator) };
  return {
    calls,
    perSecond: calls / elapsedMs * 1_000,
    serverUs: (after.server - before.server) * 1_000 / calls,
    generatorUs: (after.generator - before.generator) * 1_000 / calls,
    answerBytes: bytes / calls,
  };
}
