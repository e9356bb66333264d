/** What is not seen where it stands, and spaces that look like the usual one. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{DI}]|(?! )\p{Zs}/gu;

/**
 * A text in which everything invisible is written as its code in JSON, so that a person sees what is wrong with it, and
 * nothing acts on a terminal.
 */
export function visibly(text: string): string {
  return text.replace(INVISIBLE, codeOf);
}

function codeOf(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
