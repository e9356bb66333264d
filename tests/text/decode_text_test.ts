import assert from "node:assert/strict";
import { decodeText } from "../../src/text/decode_text.ts";

/** UTF-16 of a text, low byte first. */
function utf16(text: string): Uint8Array {
  return new Uint8Array(new Uint16Array([...text].map((letter) => letter.charCodeAt(0))).buffer);
}

function swapped(bytes: Uint8Array): Uint8Array {
  return bytes.map((_, index) => bytes[index ^ 1] ?? 0);
}

const UTF8 = new TextEncoder().encode("\ufeffLOG=é");

for (
  const [name, bytes] of Object.entries({
    "UTF-8": UTF8.subarray(3),
    "UTF-8 with a byte order mark": UTF8,
    "UTF-16 with a byte order mark": utf16("\ufeffLOG=é"),
    "UTF-16 without a byte order mark": utf16("LOG=é"),
    "UTF-16, high byte first, with a byte order mark": swapped(utf16("\ufeffLOG=é")),
    "UTF-16, high byte first, without a byte order mark": swapped(utf16("LOG=é")),
  })
) {
  Deno.test(`decodeText() reads ${name}, without the mark`, () => assert.equal(decodeText(bytes), "LOG=é"));
}

Deno.test("decodeText() reads an empty file, and refuses what is not text", () => {
  assert.equal(decodeText(new Uint8Array()), "");
  assert.equal(decodeText(new Uint8Array([0x4c, 0xe9, 0x4c])), undefined);
  assert.equal(decodeText(new Uint8Array([0xff, 0xfe, 0x41])), undefined);
});
