/** The record as those who use it see it: whatever is asked of it may be answered later. */

/** The operations of a part of the record, each of which may answer at once or later. */
export type Eventual<Part> = {
  readonly [Name in keyof Part]: Part[Name] extends (...args: infer Args) => infer Answer
    ? (...args: Args) => Answer | Promise<Answer>
    : Part[Name];
};
