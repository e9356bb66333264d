import { editDistance } from "./edit_distance.ts";

/** The known word nearest to a mistyped one; `undefined` when none is near. Ignores case. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const written = word.toLowerCase();
  const reach = Math.max(2, word.length / 3);
  const [best] = known
    // Words are at least as far apart as their lengths; to compare a text of a megabyte takes seconds.
    .filter((candidate) => Math.abs(candidate.length - word.length) <= reach)
    .map((candidate) => ({ candidate, far: slipsBetween(written, candidate.toLowerCase()) }))
    // At that distance every character differs.
    .filter(({ candidate, far }) => far <= reach && far < Math.max(candidate.length, word.length))
    .toSorted((one, other) => one.far - other.far);
  return best?.candidate;
}

/** Two swapped letters count as one slip. */
function slipsBetween(written: string, known: string): number {
  const far = editDistance(written, known);
  return far === 2 && sorted(written) === sorted(known) ? 1 : far;
}

function sorted(word: string): string {
  return [...word].toSorted().join("");
}

/** The end of a sentence about a mistyped word: `, did you mean X`; empty when no known word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? "" : `, did you mean ${nearest}`;
}
