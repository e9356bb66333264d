/** A promise that is made at the first need; one that fails is made anew at the next. */
export interface Lazy<Value> {
  get(): Promise<Value>;
  /** The value, if it has been needed and was made. */
  settled(): Promise<Value | undefined>;
}

/** Puts off `make` until the value is needed. */
export function lazily<Value>(make: () => Promise<Value>): Lazy<Value> {
  let made: Promise<Value> | undefined;
  return {
    get() {
      made ??= make().catch((error) => {
        made = undefined;
        throw error;
      });
      return made;
    },
    settled: async () => await made?.catch(() => undefined),
  };
}
