/** Two servers under the same load in turns, so that noise and warm-up affect both. */

import { median } from "../report.ts";
import type { LoadFigures } from "./load_figures.ts";

const ROUNDS = 5;
const ROUND_MS = 1_500;
const WARM_UP_MS = 2_000;

/** This server compared with the bare server of the same run. */
export interface Contest {
  readonly per_second: number;
  readonly bare_per_second: number;
  /** Ratio of calls per second. */
  readonly ratio: number;
  /** Processor time of the server per call, in microseconds. */
  readonly server_us: number;
  readonly bare_us: number;
  /** The bare server's processor time divided by this server's. */
  readonly processor_ratio: number;
  /** Processor time of the load generator per call, for this server and for the bare server. */
  readonly generator_us: number;
  readonly bare_generator_us: number;
  readonly answer_bytes: number;
}

/** A source of load on one server. */
export interface LoadSource {
  /** Sends calls for so many milliseconds. */
  run(ms: number): Promise<LoadFigures>;
}

/** Measures both. */
export async function contest(ours: LoadSource, bare: LoadSource): Promise<Contest> {
  for (const load of [ours, bare]) await load.run(WARM_UP_MS);
  const rounds: { ours: LoadFigures; bare: LoadFigures }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({ ours: await ours.run(ROUND_MS), bare: await bare.run(ROUND_MS) });
  }
  const middle = (figure: (round: { ours: LoadFigures; bare: LoadFigures }) => number) => median(rounds.map(figure));
  return {
    per_second: middle(({ ours }) => ours.perSecond),
    bare_per_second: middle(({ bare }) => bare.perSecond),
    ratio: middle(({ ours, bare }) => ours.perSecond / bare.perSecond),
    server_us: middle(({ ours }) => ours.serverUs),
    bare_us: middle(({ bare }) => bare.serverUs),
    processor_ratio: middle(({ ours, bare }) => bare.serverUs / ours.serverUs),
    generator_us: middle(({ ours }) => ours.generatorUs),
    bare_generator_us: middle(({ bare }) => bare.generatorUs),
    answer_bytes: middle(({ ours }) => ours.answerBytes),
  };
}
