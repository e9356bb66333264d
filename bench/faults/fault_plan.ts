/** Which faults of the exchange's streams are on, and when. */

import type { FaultRule } from "../../src/simulation/api/faults.ts";

/** A fault that is on for some time. */
export interface FaultPhase {
  readonly name: string;
  readonly rules: readonly FaultRule[];
  readonly seconds: number;
}

/** The market that changes most, whose answers are compared. */
export const BUSY_PAIR = "XBTZAR";

/** Updates per second, for the whole measurement. */
const ALWAYS: readonly FaultRule[] = [
  { kind: "stream_burst", updates: 2, everyMs: 40, path: `/api/1/stream/${BUSY_PAIR}` },
];

const QUIET: FaultPhase = { name: "none", rules: [], seconds: 15 };

/** Long enough that connections count as good ones again, so that the pauses between attempts are short. */
const REST: FaultPhase = { name: "none", rules: [], seconds: 75 };

const FAULTS: readonly FaultPhase[] = [
  { name: "gap", rules: [{ kind: "stream_gap", probability: 0.02 }], seconds: 15 },
  { name: "repeat", rules: [{ kind: "stream_repeat", probability: 0.02 }], seconds: 15 },
  { name: "garbage", rules: [{ kind: "stream_garbage", probability: 0.02 }], seconds: 15 },
  { name: "error", rules: [{ kind: "stream_error", code: "internal", probability: 0.02 }], seconds: 15 },
  { name: "close", rules: [{ kind: "stream_close", code: 1000, probability: 0.02 }], seconds: 15 },
  { name: "reset", rules: [{ kind: "stream_close", code: "reset", probability: 0.02 }], seconds: 15 },
  { name: "slow", rules: [{ kind: "stream_delay", ms: 20, probability: 0.2 }], seconds: 15 },
  { name: "burst", rules: [{ kind: "stream_burst", updates: 2_000 }], seconds: 15 },
  { name: "silence", rules: [{ kind: "stream_silence", ms: 90_000, times: 8 }], seconds: 75 },
  {
    name: "garbled snapshot",
    rules: [{ kind: "stream_close", probability: 0.05 }, { kind: "stream_garbage", on: "snapshot", probability: 0.7 }],
    seconds: 15,
  },
  {
    name: "exchange away",
    rules: [
      { kind: "reset", path: "/api/1/*" },
      { kind: "stream_close" },
      { kind: "stream_close", on: "snapshot" },
      { kind: "stream_close", on: "keep_alive" },
    ],
    seconds: 60,
  },
];

/** Yields faults in turn with pauses, without an end. */
export function* faultPhases(): Generator<FaultPhase, never> {
  for (;;) {
    for (const phase of FAULTS) yield* [phase, QUIET];
    yield REST;
  }
}

/** Replaces the faults of a running simulator. */
export async function setFaults(url: string, { rules }: Pick<FaultPhase, "rules">): Promise<void> {
  const body = JSON.stringify([...ALWAYS, ...rules]);
  const response = await fetch(`${url}/_sim/faults`, { method: "PUT", body });
  if (!response.ok) throw new Error(`Cannot set faults: ${await response.text()}`);
  await response.body?.cancel();
}
