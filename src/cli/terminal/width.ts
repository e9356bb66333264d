/** How many columns of a terminal text takes, and text that is made to fit. Text here holds no control characters. */

/** Characters that take two columns: East Asian wide and full-width ones, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Marks that stand on the character before them. */
const MARK = /\p{Mn}|\p{Me}/u;

/** Columns that `text` takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** Adds blanks on the right, or on the left, up to `width` columns. */
export function pad(text: string, width: number, side: "left" | "right" = "right"): string {
  const blanks = " ".repeat(Math.max(0, width - displayWidth(text)));
  return side === "right" ? text + blanks : blanks + text;
}

/** The beginning of `text` within `width` columns; what is cut off leaves `…`. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  return `${beginning(text, width - 1)}…`;
}

/** Breaks one paragraph into lines of at most `width` columns, at blanks where there are any. */
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

/** Text whose every line fits `width`; the lines that a break makes are set in as deep as `indent` says. */
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
  // A character that is wider than the room must not be tried for ever.
  return taken === "" ? [...text].slice(0, 1).join("") : taken;
}
