import assert from "node:assert/strict";

interface LogCall {
  readonly where: string;
  readonly message: string;
  readonly fields: readonly string[];
}

/** Every call of a logger in `src` with a message of its own, and the names of its fields. */
async function logCalls(): Promise<LogCall[]> {
  const calls: LogCall[] = [];
  for await (const path of sources("src")) {
    const text = await Deno.readTextFile(path);
    for (const match of text.matchAll(/\blog(?:ger)?\.(?:trace|debug|info|warn|warning|error|fatal)\(\s*"([^"]*)"/gi)) {
      const rest = textUntilClosed(text.slice(match.index + match[0].length));
      const where = `${path}:${text.slice(0, match.index).split("\n").length}`;
      calls.push({ where, message: match[1] ?? "", fields: fieldsOf(rest) });
    }
  }
  return calls;
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

/** What stands before the bracket that ends the call. */
function textUntilClosed(text: string): string {
  let depth = 1;
  for (let at = 0; at < text.length; at++) {
    if ("([{".includes(text.charAt(at))) depth++;
    if (")]}".includes(text.charAt(at))) depth--;
    if (depth === 0) return text.slice(0, at);
  }
  return text;
}

/** The names on the outermost level of an object literal. */
function fieldsOf(text: string): string[] {
  const body = /^\s*,\s*\{(.*)\}\s*,?\s*$/s.exec(text)?.[1] ?? "";
  let flat = body;
  for (let before = ""; before !== flat;) {
    before = flat;
    flat = flat.replace(/\([^()[\]{}]*\)|\[[^()[\]{}]*\]|\{[^()[\]{}]*\}/g, "");
  }
  return flat.split(",").map((part) => /^\s*(\w+)/.exec(part)?.[1]).filter((name) => name !== undefined);
}

Deno.test("every field of a log record has a snake_case name", async () => {
  const calls = await logCalls();
  assert.ok(calls.length > 50, `${calls.length} calls were found`);
  const wrong = calls.filter(({ fields }) => fields.some((field) => !/^[a-z][a-z0-9_]*$/.test(field)));
  assert.deepEqual(wrong, []);
});

Deno.test("every log message is a constant without placeholders, final period or private words", async () => {
  const words =
    /\b(he|his|him|nobody|whoever|judged?|turned away|let in|stays?|as it was|is left|made-up|anew)\b|[{}]|\.$/i;
  assert.deepEqual((await logCalls()).filter(({ message }) => words.test(message)), []);
});

Deno.test("a field of log records has one meaning: ERR codes, close codes and ids of connections have names of their own", async () => {
  const calls = await logCalls();
  const names = new Set(calls.flatMap(({ fields }) => fields));
  for (const vague of ["id", "waiting", "ending", "ended", "wanted", "possible", "closed"]) {
    assert.ok(!names.has(vague), `${vague} is the name of a field`);
  }
});
