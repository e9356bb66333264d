/** Engines that are broken on purpose by saying something else to their database. */

/** What is said instead, by what an engine says. */
export type Rewording = readonly (readonly [says: RegExp, instead: string])[];

/** A fault that both engines of one interface can have, and the promise of their suite that it breaks. */
export interface Fault {
  readonly promise: string;
  readonly sqlite: Rewording;
  readonly postgres: Rewording;
}

/** What the database is told. */
export function reworded(text: string, rewording: Rewording): string {
  return rewording.reduce((told, [says, instead]) => told.replace(says, instead), text);
}

/** The promise that each fault breaks. */
export function promisesOf(faults: Readonly<Record<string, Fault>>): Record<string, string> {
  return Object.fromEntries(Object.entries(faults).map(([fault, { promise }]) => [fault, promise]));
}
