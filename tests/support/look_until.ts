import assert from "node:assert/strict";

/** For what another process or a timer does; far longer than either takes, in milliseconds. */
const LONGEST_WAIT_MS = 120_000;

/** Pause between two checks, which leaves the processor to the other process, in milliseconds. */
const PAUSE_MS = 25;

/** Polls until the value is as wanted; fails with `problem` if it never is. */
export async function lookUntil<Seen>(
  isWanted: (seen: Seen) => boolean,
  look: () => Promise<Seen>,
  problem: string,
): Promise<Seen> {
  const untilMs = performance.now() + LONGEST_WAIT_MS;
  for (;;) {
    const seen = await look();
    if (isWanted(seen)) return seen;
    assert.ok(performance.now() < untilMs, `${problem}: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
