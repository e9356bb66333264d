import { distance } from "../exchange/pair_names.ts";

/** The end of a sentence about a mistyped word: `, did you mean X`, or nothing where no known word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const [best] = known
    .map((candidate) => ({ candidate, far: distance(word.toLowerCase(), candidate) }))
    .filter(({ far }) => far <= Math.max(2, word.length / 3))
    .toSorted((one, other) => one.far - other.far);
  return best === undefined ? "" : `, did you mean ${best.candidate}`;
}
