import assert from "node:assert/strict";

const ROOT = new URL("..", import.meta.url);

/** Codes of the runtime and of libraries, which our own code only recognises. */
const FOREIGN: ReadonlySet<string> = new Set([
  "ERR_SQLITE_ERROR",
  "ERR_SSL",
  "ERR_OSSL",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** Every stable code that the sources name, and a file that names it. */
async function codesIn(folder: URL, found: Map<string, string> = new Map()): Promise<ReadonlyMap<string, string>> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) await codesIn(new URL(`${name}/`, folder), found);
    if (!name.endsWith(".ts")) continue;
    const text = await Deno.readTextFile(new URL(name, folder));
    for (const [code] of text.matchAll(/\bERR_[A-Z]+(?:_[A-Z]+)*\b/g)) if (!FOREIGN.has(code)) found.set(code, name);
  }
  return found;
}

const codes = await codesIn(new URL("src/", ROOT));
const page = await Deno.readTextFile(new URL("docs/troubleshooting.md", ROOT));
const rows = page.split("\n").filter((line) => line.startsWith("| `ERR_"));
const explained = rows.flatMap((row) =>
  [...(row.split("|")[1] ?? "").matchAll(/`(ERR_\w+)`/g)].map(([, code]) => code)
);

Deno.test("docs/troubleshooting.md explains every error code of the sources", () => {
  assert.ok(codes.size > 90, String(codes.size));
  const missing = [...codes].filter(([code]) => !explained.includes(code)).map((each) => each.join(" of "));
  assert.deepEqual(missing, []);
});

Deno.test("docs/troubleshooting.md explains no error code twice, and none that is not in the sources", () => {
  assert.deepEqual(explained.filter((code, index) => explained.indexOf(code) !== index), []);
  assert.deepEqual(explained.filter((code) => code === undefined || !codes.has(code)), []);
});
