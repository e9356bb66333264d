/** Prints docs/demo.svg: a terminal in which real commands have run on the simulated exchange. */

import { run } from "../src/cli/run.ts";
import { print } from "../src/world.ts";
import type { Output, World } from "../src/world.ts";

const COLUMNS = 80;
const CELL = { width: 7.8, height: 18 };
const MARGIN = 16;
const TITLE_HEIGHT = 32;

/** Consecutive ordinary spaces are drawn as one. */
const NO_BREAK_SPACE = "\u00a0";

/**
 * The command that is typed in the picture; the environment of {@linkcode pictureWorld} has the effect of the first
 * line.
 */
const SETTING = "export LUNO_MCP_EXCHANGE=simulated";
const COMMANDS: readonly string[] = [
  "call get_crypto_price pair=BTC/ZAR",
  "call get_orderbook pair=BTC/ZAR depth=5",
  "call get_account_balance",
];

/** One line of a terminal; typed text is drawn stronger than output. */
export interface TerminalLine {
  readonly text: string;
  readonly isTyped: boolean;
}

/** Draws a terminal as an SVG without external resources. Lines longer than the terminal are broken. */
export function drawTerminal(lines: readonly TerminalLine[], title: string): string {
  const rows = lines.flatMap(({ text, isTyped }) => broken(text).map((row) => ({ text: row, isTyped })));
  const width = COLUMNS * CELL.width + 2 * MARGIN;
  const height = TITLE_HEIGHT + rows.length * CELL.height + MARGIN;
  const dots = ["#e5534b", "#daaa3f", "#57ab5a"].map((color, index) =>
    `<circle cx="${MARGIN + 4 + index * 18}" cy="16" r="5.5" fill="${color}"/>`
  );
  const texts = rows.map(({ text, isTyped }, index) => {
    const y = TITLE_HEIGHT + (index + 1) * CELL.height - 5;
    const length = [...text].length * CELL.width;
    const fill = isTyped ? ' font-weight="bold" fill="#0550ae"' : "";
    return text.trim() === ""
      ? ""
      : `<text x="${MARGIN}" y="${y}" textLength="${length.toFixed(1)}" lengthAdjust="spacingAndGlyphs"${fill}>${
        escaped(text).replaceAll(" ", NO_BREAK_SPACE)
      }</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `role="img" aria-label="${escaped(title)}">`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="#f6f8fa" stroke="#8c959f"/>`,
    ...dots,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" ` +
    `fill="#1f2328">`,
    ...texts.filter((text) => text !== ""),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

function broken(text: string): string[] {
  const characters = [...text];
  const rows: string[] = [];
  for (let start = 0; start === 0 || start < characters.length; start += COLUMNS) {
    rows.push(characters.slice(start, start + COLUMNS).join("").trimEnd());
  }
  return rows;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A terminal of 80 columns without colours, at a fixed moment of the clock and of the simulated exchange. */
function pictureWorld(args: readonly string[], output: Output): World {
  const env: Readonly<Record<string, string>> = {
    LUNO_MCP_EXCHANGE: "simulated",
    LUNO_MCP_STATE: ".",
    LOG_LEVEL: "error",
    NO_COLOR: "1",
    COLUMNS: String(COLUMNS),
  };
  const startedMs = performance.now();
  return {
    args,
    env: (name) => env[name],
    stdin: { read: () => Promise.resolve(null), isTerminal: () => false },
    stdout: output,
    stderr: output,
    now: () => Date.UTC(2026, 10, 22, 10, 7, 31),
    monotonic: () => performance.now() - startedMs,
    random: () => 0,
    shutdown: new AbortController().signal,
    onHangup() {},
    onUserSignal() {},
  };
}

/** Runs a command line as if it were typed on a terminal, and returns its output. */
export async function runInTerminal(args: readonly string[]): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  await run(pictureWorld(args, {
    write: (bytes) => {
      text += decoder.decode(bytes, { stream: true });
      return Promise.resolve(bytes.length);
    },
    isTerminal: () => true,
  }));
  // Colours and moves of the cursor have no place in a picture of text.
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, "").trimEnd();
}

if (import.meta.main) {
  const lines: TerminalLine[] = [{ text: `$ ${SETTING}`, isTyped: true }];
  for (const command of COMMANDS) {
    lines.push({ text: `$ luno-mcp-server ${command}`, isTyped: true });
    const answer = await runInTerminal(command.split(" "));
    lines.push(...answer.split("\n").map((text) => ({ text, isTyped: false })), { text: "", isTyped: false });
  }
  await print(Deno.stdout, drawTerminal(lines.slice(0, -1), "Commands on the simulated exchange"));
}
