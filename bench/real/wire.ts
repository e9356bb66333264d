/** One connection that sends calls. */
export interface Wire {
  /** Sends calls until so long after `startedMs`, and waits for their answers; returns their number and bytes. */
  run(startedMs: number, ms: number): Promise<{ readonly calls: number; readonly bytes: number }>;
  close(): void;
}
