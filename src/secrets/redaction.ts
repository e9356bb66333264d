/**
 * Hides known secrets in text that comes from outside or leaves the program: in plain form and as Basic credentials,
 * percent encoding, JSON, HTML, base64 or hex, whole or truncated, in capitals or small letters, and with invisible
 * characters in between.
 */

/** Replaces a secret. */
export const REDACTED = "[redacted]";

/** Returns a text without the secrets that it was made for. */
export type Redact = (text: string) => string;

/** A shorter secret could be part of any word. */
const MIN_LENGTH = 4;
/** The number of leading characters that identify a longer secret, in case the rest was truncated. */
const MIN_PART = 12;
const MIN_BASE64 = 7;
/** A shorter text is only searched for as it is written: in other cases it could be part of any word. */
const MIN_ANY_CASE = 8;
/** An encoding within an encoding within an encoding. */
const MAX_LAYERS = 3;

/** A secret in one encoding; in small letters when its case does not matter. */
interface Needle {
  readonly isExact: boolean;
  readonly text: string;
  /** The leading part that is searched for; the characters after it are then compared. */
  readonly part: string;
}

/** A text, with the position of each character in the original. */
interface Layer {
  readonly text: string;
  /** The same in small letters. */
  readonly lower: string;
  /** Where each character began, and at the end where the last one ended; absent when nothing was decoded. */
  readonly places?: readonly number[];
}

/** What to hide of an exchange API key: its id, its secret, and both together as in Basic credentials. */
export function secretsOf({ id, secret }: { readonly id: string; readonly secret: string }): string[] {
  return [secret, id, new TextEncoder().encode(`${id}:${secret}`).toBase64()];
}

/** Creates a function that hides these secrets; secrets shorter than 4 characters are ignored. */
export function createRedactor(secrets: readonly string[]): Redact {
  const needles = secrets.filter((secret) => secret.length >= MIN_LENGTH).flatMap(needlesOf);
  if (needles.length === 0) return (text) => text;
  const partsOf = (isExact: boolean) => [
    ...new Set(needles.filter((needle) => needle.isExact === isExact).map(({ part }) => part)),
  ];
  const parts = { exact: partsOf(true), lower: partsOf(false) };
  return (text) => mayHold(text, parts) ? without(text, findIn(text, needles)) : text;
}

/** Most texts contain no secret and need no map of positions. */
function mayHold(
  text: string,
  parts: { readonly exact: readonly string[]; readonly lower: readonly string[] },
): boolean {
  let layer = text;
  for (let depth = 0;; depth++) {
    const lower = lowerOf(layer);
    if (parts.lower.some((part) => lower.includes(part)) || parts.exact.some((part) => layer.includes(part))) {
      return true;
    }
    if (depth === MAX_LAYERS || !hasEscapes(layer)) return false;
    layer = layer.replace(ESCAPE, (...match) => characterOf(match.at(-1)));
  }
}

function findIn(text: string, needles: readonly Needle[]): [start: number, end: number][] {
  const found: [number, number][] = [];
  let layer: Layer | undefined = { text, lower: lowerOf(text) };
  for (let depth = 0; layer !== undefined && depth <= MAX_LAYERS; depth++) {
    for (const needle of needles) found.push(...rangesOf(layer, needle));
    layer = decoded(layer);
  }
  return found;
}

/** Every form of a secret in a text whose escapes have been decoded. */
function needlesOf(secret: string): Needle[] {
  const bytes = new TextEncoder().encode(secret);
  const texts = [
    secret,
    String.fromCharCode(...bytes), // Percent encoding is decoded byte by byte.
    secret.replaceAll(" ", "+"),
    secret.replaceAll("\\", ""), // Repeated escaping is decoded at once.
    ...base64Pieces(bytes).filter((piece) => piece.length >= MIN_BASE64)
      .flatMap((piece) => [piece, piece.replaceAll("+", "-").replaceAll("/", "_")]),
    bytes.toHex(),
  ];
  const cased = texts.filter((text) => text.length >= MIN_LENGTH)
    .map((text) => text.length < MIN_ANY_CASE ? text : lowerOf(text));
  return [...new Set(cased)].map((text) => ({
    isExact: text.length < MIN_ANY_CASE,
    text,
    part: text.length >= MIN_PART + 4 ? text.slice(0, MIN_PART) : text,
  }));
}

/** A text in small letters, each of which is where its capital was: no letter grows, or depends on its neighbours. */
function lowerOf(text: string): string {
  return text.replaceAll("İ", "i").replaceAll("Σ", "σ").toLowerCase();
}

/**
 * The base64 of some bytes at every alignment within a longer text, without the characters that neighbouring bytes
 * affect.
 */
function base64Pieces(bytes: Uint8Array): string[] {
  const pieces = [0, 1, 2].map((offset) => {
    const shifted = new Uint8Array(offset + bytes.length);
    shifted.set(bytes, offset);
    return shifted.toBase64().slice(Math.ceil(offset * 8 / 6), Math.floor(shifted.length * 8 / 6));
  });
  return [...pieces, bytes.toBase64(), bytes.toBase64({ omitPadding: true })];
}

function rangesOf({ text: written, lower, places }: Layer, needle: Needle): [number, number][] {
  const text = needle.isExact ? written : lower;
  const ranges: [number, number][] = [];
  for (let at = text.indexOf(needle.part); at >= 0; at = text.indexOf(needle.part, at + 1)) {
    let end = at + needle.part.length;
    while (end < text.length && end - at < needle.text.length && text[end] === needle.text[end - at]) end++;
    ranges.push(places === undefined ? [at, end] : [places[at] ?? 0, places[end] ?? text.length]);
  }
  return ranges;
}

/** A list of characters that nobody sees, for a class of an expression: of control but for spaces, of format, fillers. */
const INVISIBLE = String.raw`\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f` +
  String.raw`\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb`;
/** The same beyond the first plane: tags and variation selectors. */
const INVISIBLE_PAIR = String.raw`[\udb40-\udb43][\udc00-\udfff]`;
/** The most usual ones in percent encoding, which is decoded byte by byte. */
const INVISIBLE_BYTES = "%e2%80%(?:8[b-f]|a[a-e])|%e2%81%a[0-9a-f]|%ef%bb%bf|%c2%ad";

/** Percent encoding, JSON and HTML escapes, and the line ends of wrapped or folded base64. */
const VISIBLE_ESCAPE =
  /%(?<percent>[0-9a-f]{2})|\\+(?:u(?<unicode>[0-9a-f]{4})|x(?<byte>[0-9a-f]{2})|(?<other>[^ux]))|&(?:#x0*(?<hex>[0-9a-f]{1,4})|#0*(?<decimal>\d{1,5})|(?<name>amp|lt|gt|quot|apos|shy|zwn?j|zerowidthspace|nobreak));|\r?\n[ \t]*/;

const ESCAPE = new RegExp(
  `${INVISIBLE_BYTES}|${VISIBLE_ESCAPE.source}|[${INVISIBLE}]|${INVISIBLE_PAIR}`,
  "gi",
);

const HAS_ESCAPES = new RegExp(`[%\\\\&${INVISIBLE}]|${INVISIBLE_PAIR}`);
const IS_WRAPPED = /[\w+/-]{20}\r?\n[ \t]*[\w+/-]/;

/** Whether there may be something to decode; most texts have one line, which is cheaper to see than that none is wrapped. */
function hasEscapes(text: string): boolean {
  return HAS_ESCAPES.test(text) || (text.includes("\n") && IS_WRAPPED.test(text));
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The text with one layer of encoding removed; `undefined` when nothing is encoded. */
function decoded({ text, places }: Layer): Layer | undefined {
  if (!hasEscapes(text)) return undefined;
  const parts: string[] = [];
  const starts: number[] = [];
  const placeOf = (index: number) => places === undefined ? index : places[index] ?? 0;
  let last = 0;
  const keep = (until: number) => {
    parts.push(text.slice(last, until));
    for (let index = last; index < until; index++) starts.push(placeOf(index));
  };
  for (const match of text.matchAll(ESCAPE)) {
    keep(match.index);
    const character = characterOf(match.groups ?? {});
    parts.push(character);
    if (character !== "") starts.push(placeOf(match.index));
    last = match.index + match[0].length;
  }
  if (last === 0) return undefined;
  keep(text.length);
  starts.push(placeOf(text.length));
  const plain = parts.join("");
  return { text: plain, lower: lowerOf(plain), places: starts };
}

function characterOf(
  { percent, unicode, byte, other, hex, decimal, name }: Record<string, string | undefined>,
): string {
  const code = percent ?? unicode ?? byte ?? hex;
  if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
  if (decimal !== undefined) return String.fromCharCode(Number(decimal));
  if (name !== undefined) return NAMED[name.toLowerCase()] ?? "";
  return other === undefined || /[nr]/.test(other) ? "" : other;
}

function without(text: string, ranges: readonly (readonly [number, number])[]): string {
  const parts: string[] = [];
  let last = 0;
  for (const [start, end] of ranges.toSorted(([one], [other]) => one - other)) {
    if (end <= last) continue;
    if (start >= last) parts.push(text.slice(last, start), REDACTED);
    last = end;
  }
  return [...parts, text.slice(last)].join("");
}
