const MAX_TEXT_LENGTH = 300;

/**
 * Makes text from outside fit to show as data: removes control and formatting characters, keeps at most 300 characters.
 */
export function cleanText(text: string): string {
  const printable = text.slice(0, MAX_TEXT_LENGTH * 4).replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return Array.from(printable).slice(0, MAX_TEXT_LENGTH).join("");
}
