/** A value that is made at the first need; where that fails it is tried anew at the next. */
export interface Lazy<Value> {
  get(): Promise<Value>;
  /** The value, once it is there. */
  readonly value: Value | undefined;
  /** The value, after waiting for one that is being made. */
  settled(): Promise<Value | undefined>;
}

/** Puts off `make` until the value is needed. */
export function lazily<Value>(make: () => Promise<Value>): Lazy<Value> {
  let making: Promise<Value> | undefined;
  let value: Value | undefined;
  async function start(): Promise<Value> {
    try {
      return value = await make();
    } catch (error) {
      making = undefined;
      throw error;
    }
  }
  return {
    get: () => making ??= start(),
    get value() {
      return value;
    },
    settled: async () => await making?.catch(() => undefined),
  };
}
