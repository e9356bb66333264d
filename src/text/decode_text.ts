/** The encodings that editors write: UTF-8, and UTF-16 as Windows calls "Unicode". */

/**
 * Reads the bytes of a text file, its byte order mark left out; `undefined` where they are no text in UTF-8 or UTF-16.
 */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What a file is refused with that {@linkcode decodeText} cannot read. */
export const NO_TEXT = "expected a text file in UTF-8 or UTF-16";

/** By its byte order mark; without one, by the zero that every second byte of Latin text is in UTF-16. */
function encodingOf([first, second]: Uint8Array): string {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return "utf-16le";
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return "utf-16be";
  return "utf-8";
}
