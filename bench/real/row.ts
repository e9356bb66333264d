/** One figure of real work. */
export interface Row extends Readonly<Record<string, string | number>> {
  /** What is done. */
  readonly work: string;
  /** On which listener, or by which program. */
  readonly with: string;
}
