/** Measures text in terminal columns, and makes it fit. The text must not contain control characters. */

/** Characters two columns wide: East Asian wide and full-width ones, and pictographs. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Combining marks. */
const MARK = /\p{Mn}|\p{Me}/u;

/** The number of columns that `text` takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** Pads `text` with blanks on the right, or on the left, to `width` columns. */
export function pad(text: string, width: number, side: "left" | "right" = "right"): string {
  const blanks = " ".repeat(Math.max(0, width - displayWidth(text)));
  return side === "right" ? text + blanks : blanks + text;
}

/** The beginning of `text` within `width` columns; `…` marks a truncation. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  return `${beginning(text, width - 1)}…`;
}

/** Breaks one paragraph into lines of at most `width` columns, at blanks if there are any. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (displayWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (displayWidth(line) > width) {
      const part = beginning(line, width);
      lines.push(part);
      line = line.slice(part.length);
    }
  }
  return [...lines, line];
}

/** Wraps text to `width`; continuation lines are indented by `indent`. */
export function wrapText(text: string, { width, indent = 0 }: { width: number; indent?: number }): string {
  return text.split("\n").map((line) => {
    if (displayWidth(line) <= width) return line;
    const own = /^ */.exec(line)?.[0] ?? "";
    const [first = "", ...rest] = wrap(line.slice(own.length), width - own.length - indent);
    return [own + first, ...rest.map((part) => own + " ".repeat(indent) + part)].join("\n");
  }).join("\n");
}

function beginning(text: string, width: number): string {
  let taken = "";
  let left = width;
  for (const character of text) {
    left -= displayWidth(character);
    if (left < 0) break;
    taken += character;
  }
  // A character that is wider than the line must not cause an endless loop.
  return taken === "" ? [...text].slice(0, 1).join("") : taken;
}
