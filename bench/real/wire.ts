/** One connection that makes calls. */
export interface Wire {
  /** Makes calls until so long after `startedMs`, and waits for their answers; answers how many, and their bytes. */
  run(startedMs: number, ms: number): Promise<{ readonly calls: number; readonly bytes: number }>;
  close(): void;
}
