/** Pseudorandom numbers that depend only on their arguments, and not on the order of calls. Not for secrets. */

/** Mixes a seed and an integer into 32 unsigned bits. */
export function hash32(seed: number, value: number): number {
  return mix(mix(value + 0x9e3779b9) ^ seed) >>> 0;
}

/** A separate seed for a named purpose, e.g. `seedFor(7, "trades/XBTZAR")`. */
export function seedFor(seed: number, name: string): number {
  let mixed = hash32(seed, Math.floor(seed / 2 ** 32));
  for (const character of name) mixed = hash32(mixed, character.codePointAt(0) ?? 0);
  return mixed;
}

/** Maps 32 bits to `0 <= x < 1`. */
export function toUnit(hash: number): number {
  return hash / 2 ** 32;
}

/** Maps 32 bits to a bell curve with mean 0 and deviation 1, truncated at 3.45. */
function toBell(hash: number): number {
  const sumOfBytes = (hash & 255) + (hash >>> 8 & 255) + (hash >>> 16 & 255) + (hash >>> 24);
  return (sumOfBytes - 510) / 147.8;
}

/** A size with mean 1 that is mostly smaller and sometimes several times larger. */
export function toSize(hash: number, deviation: number): number {
  return Math.exp(deviation * toBell(hash) - deviation ** 2 / 2);
}

function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ bits >>> 16, 0x21f0aaad);
  bits = Math.imul(bits ^ bits >>> 15, 0x735a2d97);
  return bits ^ bits >>> 15;
}
