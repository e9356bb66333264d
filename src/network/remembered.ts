/** Caches results for short texts that recur, such as header names. */

/** Texts that are cached. */
const MAX_KEPT = 200;

/** Longer texts are not cached, in characters. */
const MAX_LENGTH = 200;

/** The same function with a bounded cache. Not for texts that may hold a secret, which must not outlive its request. */
export function remembered<Value>(answer: (text: string) => Value): (text: string) => Value {
  const kept = new Map<string, Value>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const value = answer(text);
    if (text.length > MAX_LENGTH) return value;
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(text, value);
    return value;
  };
}
