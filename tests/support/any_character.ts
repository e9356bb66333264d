import fc from "fast-check";

const SURROGATES = { first: 0xd800, count: 0x800 };

/** Any character of Unicode, as a unit of strings: `"binary"` of fast-check means the same, and takes seconds to be made. */
export const anyCharacter: fc.Arbitrary<string> = fc.integer({ min: 0, max: 0x10ffff - SURROGATES.count }).map((
  number,
) => String.fromCodePoint(number < SURROGATES.first ? number : number + SURROGATES.count));
