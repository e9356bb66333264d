/** Answers about texts of which the same few come again and again, such as names of headers. */

/** Texts that are remembered. */
const MAX_KEPT = 200;

/** What is longer is looked at each time, in characters. */
const MAX_LENGTH = 200;

/** The same function, which remembers what it answered. Not for texts that may hold a secret, which is forgotten with its request. */
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
