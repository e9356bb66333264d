import { editDistance } from "./edit_distance.ts";

/** The known word that a mistyped one was meant to be; `undefined` where none is near. Case does not count. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const written = word.toLowerCase();
  const [best] = known
    .map((candidate) => ({ candidate, far: slipsBetween(written, candidate.toLowerCase()) }))
    .filter(({ far }) => far <= Math.max(2, word.length / 3))
    .toSorted((one, other) => one.far - other.far);
  return best?.candidate;
}

/** Letters that changed places are one slip of the hand. */
function slipsBetween(written: string, known: string): number {
  const far = editDistance(written, known);
  return far === 2 && sorted(written) === sorted(known) ? 1 : far;
}

function sorted(word: string): string {
  return [...word].toSorted().join("");
}

/** The end of a sentence about a mistyped word: `, did you mean X`, or nothing where no known word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? "" : `, did you mean ${nearest}`;
}
