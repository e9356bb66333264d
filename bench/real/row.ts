/** One figure of real work. */
export interface Row extends Readonly<Record<string, string | number>> {
  /** What is done. */
  readonly work: string;
  /** The listener or the program. */
  readonly with: string;
}
