/** The encodings that editors write: UTF-8, and UTF-16 as Windows calls "Unicode". */

/** Decodes the bytes of a text file without its byte order mark; `undefined` when they are neither UTF-8 nor UTF-16. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The error for a file that {@linkcode decodeText} cannot read. */
export const NO_TEXT = "expected a text file in UTF-8 or UTF-16";

/** Detected by the byte order mark; without one, by the zero that every second byte of Latin text in UTF-16 is. */
function encodingOf([first, second]: Uint8Array): string {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return "utf-16le";
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return "utf-16be";
  return "utf-8";
}
