import assert from "node:assert/strict";
import fc from "fast-check";
import { LineSplitter } from "../../src/transport/lines.ts";
import type { Line } from "../../src/transport/lines.ts";
import { anyCharacter } from "../support/any_character.ts";

const encoder = new TextEncoder();

/** All lines of a stream that arrives in chunks; each chunk is overwritten once it was taken, as a read buffer is. */
function split(bytes: Uint8Array, { maxSize, cuts = [] }: { maxSize: number; cuts?: readonly number[] }): Line[] {
  const splitter = new LineSplitter(maxSize);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  const lines: Line[] = [];
  let start = 0;
  for (const end of ends) {
    const chunk = bytes.slice(start, end);
    lines.push(...splitter.push(chunk));
    chunk.fill(0x78);
    start = end;
  }
  const rest = splitter.end();
  return rest === undefined ? lines : [...lines, rest];
}

function splitText(text: string, maxSize = 1_000): Line[] {
  return split(encoder.encode(text), { maxSize });
}

function texts(...lines: string[]): Line[] {
  return lines.map((text) => ({ kind: "text", text }));
}

const anyLine = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 40 }).map((text) => encoder.encode(text.replaceAll("\n", ""))),
  fc.uint8Array({ maxLength: 1_600 }).map((bytes) => bytes.filter((byte) => byte !== 0x0a)),
);
const anyCuts = fc.array(fc.nat(), { maxLength: 30 });

/** What one line must come out as. */
function expectedLine(bytes: Uint8Array, maxSize: number): Line {
  const lenient = new TextDecoder();
  const ends = {
    size: bytes.length,
    head: lenient.decode(bytes.slice(0, 512)),
    tail: lenient.decode(bytes.slice(-512)),
  };
  if (bytes.length > maxSize) return { kind: "oversized", ...ends };
  try {
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { kind: "malformed", ...ends };
  }
}

Deno.test("LineSplitter gives the same lines, wherever the stream is split into chunks", () => {
  fc.assert(
    fc.property(
      fc.array(anyLine, { maxLength: 6 }),
      fc.integer({ min: 512, max: 1_200 }),
      anyCuts,
      (lines, maxSize, cuts) => {
        const stream = new Uint8Array(lines.flatMap((line) => [...line, 0x0a]));
        assert.deepEqual(split(stream, { maxSize, cuts }), lines.map((line) => expectedLine(line, maxSize)));
      },
    ),
  );
});

Deno.test("LineSplitter gives the same lines when it gets a byte at a time", () => {
  fc.assert(fc.property(fc.array(anyLine, { maxLength: 3 }), (lines) => {
    const stream = new Uint8Array(lines.flatMap((line) => [...line, 0x0a]));
    const cuts = Array.from(stream.keys());
    assert.deepEqual(split(stream, { maxSize: 600, cuts }), lines.map((line) => expectedLine(line, 600)));
  }));
});

Deno.test("LineSplitter gives empty lines and leaves a carriage return in place", () => {
  assert.deepEqual(splitText("a\n\n\r\nb\r\n"), texts("a", "", "\r", "b\r"));
});

Deno.test("LineSplitter skips a byte order mark at the start of a line, and no other", () => {
  const mark = "\ufeff";
  assert.deepEqual(
    splitText(`${mark}a\n${mark}b\n${mark}${mark}c${mark}\n${mark}d`),
    texts("a", "b", `${mark}c${mark}`, "d"),
  );
});

Deno.test("LineSplitter gives a last line without an end, once, and no empty one", () => {
  assert.deepEqual(splitText("a\nb"), texts("a", "b"));
  assert.deepEqual(splitText("a\n"), texts("a"));
  assert.deepEqual(splitText(""), []);
  const splitter = new LineSplitter(10);
  assert.deepEqual([...splitter.push(encoder.encode("a"))], []);
  assert.deepEqual([splitter.end(), splitter.end()], [...texts("a"), undefined]);
});

Deno.test("LineSplitter accepts a line of exactly the largest size, and none of a byte more", () => {
  for (const unit of ["x", "é", "€", "😀"]) {
    const line = unit.repeat(300);
    const size = encoder.encode(line).length;
    assert.deepEqual(splitText(`${line}\nb\n`, size), texts(line, "b"));
    assert.deepEqual(splitText(`${line}\nb\n`, size - 1).map(({ kind }) => kind), ["oversized", "text"]);
  }
});

Deno.test("LineSplitter keeps both ends of an oversized line, and continues after it", () => {
  const line = `{"id":1,${"x".repeat(5_000)},"end":2}`;
  const [oversized, next] = splitText(`${line}\nnext\n`);
  assert.deepEqual(oversized, {
    kind: "oversized",
    size: line.length,
    head: line.slice(0, 512),
    tail: line.slice(-512),
  });
  assert.deepEqual([next], texts("next"));
});

Deno.test("LineSplitter keeps the whole end of a line that is oversized by its last byte only", () => {
  const line = Array.from({ length: 601 }, (_, index) => String(index % 10)).join("");
  const [oversized] = split(encoder.encode(`${line}\n`), { maxSize: 600, cuts: [600] });
  assert.deepEqual(oversized, { kind: "oversized", size: 601, head: line.slice(0, 512), tail: line.slice(-512) });
});

Deno.test("LineSplitter reports an oversized line that the stream's end completes", () => {
  assert.deepEqual(splitText("x".repeat(1_001)).map(({ kind }) => kind), ["oversized"]);
});

Deno.test("LineSplitter buffers no more of an oversized line than its largest size", () => {
  const chunk = new Uint8Array(65_536).fill(0x78);
  const splitter = new LineSplitter(100_000);
  const before = Deno.memoryUsage().rss;
  for (let count = 0; count < 8_192; count++) splitter.push(chunk).next(); // 512 MiB
  assert.ok(Deno.memoryUsage().rss - before < 256 * 1_048_576);
  const [line] = splitter.push(encoder.encode("end\n"));
  assert.ok(line?.kind === "oversized");
  assert.equal(line.size, 8_192 * 65_536 + 3);
  assert.ok(line.tail.endsWith("xend"));
});

Deno.test("LineSplitter buffers a line that arrives a byte at a time in about its own size", () => {
  const size = 1_000_000;
  const byte = new Uint8Array([0x78]);
  const splitter = new LineSplitter(size);
  const before = Deno.memoryUsage();
  for (let count = 0; count < size; count++) splitter.push(byte).next();
  const after = Deno.memoryUsage();
  const held = after.heapUsed + after.external - before.heapUsed - before.external;
  assert.ok(held < 48 * size, `${held} bytes`);
  assert.deepEqual(splitter.end(), { kind: "text", text: "x".repeat(size) });
});

Deno.test("LineSplitter reports invalid UTF-8, and reads the next line", () => {
  for (const bad of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xc0, 0xaf]]) {
    const [malformed, next] = split(new Uint8Array([0x61, ...bad, 0x0a, 0x62, 0x0a]), { maxSize: 100 });
    assert.ok(malformed?.kind === "malformed");
    assert.equal(malformed.size, 1 + bad.length);
    assert.ok(malformed.head.startsWith("a"));
    assert.deepEqual([next], texts("b"));
  }
});
