import assert from "node:assert/strict";
import fc from "fast-check";
import { createRedactor, secretsOf } from "../../src/secrets/redaction.ts";

const ID = "dj3xkq9wlm2ab";
const SECRET = "mN4-tQ_8vZ1rK6yH3bW9cX5sL2dF7gJ0pA-uE_iOqTz";
const ODD = 'p4ss "word"/with\\odd+parts=&<é>';

const redact = createRedactor(secretsOf({ id: ID, secret: SECRET }));
const redactOdd = createRedactor([ODD]);

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Base64 wrapped as mail and PEM have it. */
function wrapped(text: string): string {
  return bytesOf(text).toBase64().replace(/.{20}/g, "$&\r\n");
}

/** A text with another between all of its characters. */
function split(text: string, between: string): string {
  return Array.from(text).join(between);
}

/** What an exchange, a proxy or a library may make of a text before it comes back. */
const ENCODINGS: Readonly<Record<string, (text: string) => string>> = {
  "as it is": (text) => text,
  "percent encoded": encodeURIComponent,
  "percent encoded throughout": (text) =>
    Array.from(bytesOf(text), (byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  "percent encoded twice": (text) => encodeURIComponent(encodeURIComponent(text)),
  "a form's field": (text) => new URLSearchParams({ q: text }).toString(),
  "JSON": (text) => JSON.stringify({ error: text }),
  "JSON in JSON": (text) => JSON.stringify(JSON.stringify([text])),
  "JSON with slashes escaped": (text) => JSON.stringify(text).replaceAll("/", "\\/"),
  "JSON of ASCII alone": (text) =>
    Array.from(text, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
  "HTML": (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;"),
  "HTML by numbers": (text) => Array.from(text, (character) => `&#${character.codePointAt(0)};`).join(""),
  "base64": (text) => bytesOf(text).toBase64(),
  "base64url": (text) => bytesOf(text).toBase64({ alphabet: "base64url", omitPadding: true }),
  "base64 behind one byte": (text) => bytesOf(`a${text}`).toBase64(),
  "base64 behind two bytes": (text) => bytesOf(`ab${text}`).toBase64(),
  "base64 amid other text": (text) => bytesOf(`{"authorization":"${text}","more":true}`).toBase64(),
  "wrapped base64": wrapped,
  "base64 in a folded header": (text) => wrapped(text).replaceAll("\n", "\n\t "),
  "wrapped base64 in JSON": (text) => JSON.stringify(wrapped(text)),
  "base64 in an address": (text) => encodeURIComponent(bytesOf(text).toBase64()),
  "hex": (text) => bytesOf(text).toHex(),
  "capitals": (text) => text.toUpperCase(),
  "small letters": (text) => text.toLowerCase(),
  "capitals in an address": (text) => encodeURIComponent(text.toUpperCase()),
  "base64 in capitals": (text) => bytesOf(text).toBase64().toUpperCase(),
  "hex in capitals": (text) => bytesOf(text).toHex().toUpperCase(),
  "text that may be broken anywhere": (text) => split(text, "\u200b"),
  "text with a mark at its start": (text) => `\ufeff${split(text, "\u2060")}`,
  "text with soft hyphens": (text) => split(text, "\u00ad"),
  "text with marks of direction": (text) => split(text, "\u202e"),
  "text with tags": (text) => split(text, "\u{e0041}"),
  "text with control characters": (text) => split(text, "\u0000\u0085"),
  "JSON with joiners as codes": (text) => split(text, "\\u200d"),
  "an address with joiners": (text) => encodeURIComponent(split(text, "\u200d")),
  "HTML with soft hyphens": (text) => split(text, "&shy;"),
  "HTML with joiners by numbers": (text) => split(text, "&#x200d;"),
};

for (const [name, encode] of Object.entries(ENCODINGS)) {
  Deno.test(`createRedactor() hides a secret that comes back as ${name}`, () => {
    const text = `before ${encode(SECRET)} after`;
    const shown = redact(text);
    assert.match(shown, /^before .*\[redacted\].*after$/s);
    for (let start = 0; start + 12 <= SECRET.length; start++) {
      const part = SECRET.slice(start, start + 12);
      for (const each of [part, encode(part)]) assert.ok(!shown.includes(each), `${each} in ${shown}`);
    }
    const odd = redactOdd(`before ${encode(ODD)} after`);
    assert.ok(odd.includes("[redacted]"), `${encode(ODD)} as ${odd}`);
  });
}

Deno.test("createRedactor() hides Basic credentials, also nested ones", () => {
  const basic = bytesOf(`${ID}:${SECRET}`).toBase64();
  const texts = [
    `Authorization: Basic ${basic}`,
    bytesOf(`Authorization: Basic ${basic}`).toBase64(),
    encodeURIComponent(`Basic ${basic}`),
    JSON.stringify({ headers: [["authorization", `Basic ${basic}`]] }),
  ];
  for (const text of texts) {
    const shown = redact(text);
    assert.ok(shown.includes("[redacted]"), text);
    assert.ok(!shown.includes(basic.slice(8, 24)), shown);
  }
});

Deno.test("createRedactor() hides a truncated secret, from the 12th character on", () => {
  assert.equal(redact(`key ${SECRET.slice(0, 20)}…`), "key [redacted]…");
  assert.equal(redact(`key ${SECRET.slice(0, 12)}`), "key [redacted]");
  assert.equal(redact(`key ${SECRET.slice(0, 11)}`), `key ${SECRET.slice(0, 11)}`);
  const base64 = bytesOf(SECRET).toBase64();
  assert.equal(redact(`key ${base64.slice(0, 30)}...`), "key [redacted]...");
});

Deno.test("createRedactor() leaves everything else unchanged, byte for byte", () => {
  const text = fc.string({
    unit: fc.constantFrom(
      "a",
      "A",
      "%",
      "%41",
      "\\",
      "\\u0041",
      "&amp;",
      "&#65;",
      "\n",
      '"',
      "é",
      "İ",
      "\u200b",
      "\u{e0041}",
    ),
  });
  fc.assert(fc.property(text, text, (before, after) => {
    const secret = "Q9w7-secret-zz";
    const hide = createRedactor([secret]);
    assert.equal(hide(before + after), before + after);
    assert.equal(hide(`${before} ${secret} ${after}`), `${before} [redacted] ${after}`);
  }));
});

Deno.test("createRedactor() hides a short secret only as it is written, as other words may have its letters", () => {
  const hide = createRedactor(["Open7"]);
  assert.equal(hide("Open7, open7, OPEN7"), "[redacted], open7, OPEN7");
});

Deno.test("createRedactor() hides the right characters next to letters whose other case has another length or depends on its position", () => {
  const hide = createRedactor(["Q9w7-secret-zz", "klmnopqrsΣ"]);
  assert.equal(hide("İİ Q9W7-SECRET-ZZ İ"), "İİ [redacted] İ");
  assert.equal(hide("klmnopqrsΣ KLMNOPQRSΣx"), "[redacted] [redacted]x");
});

Deno.test("createRedactor() hides nothing that is as short as a word", () => {
  assert.equal(createRedactor(["abc", ""])("abc abcd"), "abc abcd");
  assert.equal(createRedactor([])("anything"), "anything");
});
