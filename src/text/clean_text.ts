const MAX_TEXT_LENGTH = 300;

/** Text from outside made fit to show as data: control and formatting characters out, at most 300 characters. */
export function cleanText(text: string): string {
  const printable = text.slice(0, MAX_TEXT_LENGTH * 4).replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return Array.from(printable).slice(0, MAX_TEXT_LENGTH).join("");
}
