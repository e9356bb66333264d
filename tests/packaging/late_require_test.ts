import assert from "node:assert/strict";
import { requireLate } from "../../scripts/packaging/late_require.ts";

/** As the bundler writes it. */
const HEAD = 'var e=Object.defineProperty;import{createRequire as __deno_internal_createRequire} from "node:module";' +
  "var m=__deno_internal_createRequire(import.meta.url);export{m as a};";

async function requireOf(text: string): Promise<(id: string) => unknown> {
  return (await import(
    `data:text/javascript,${encodeURIComponent(text.replaceAll("import.meta.url", '"file:///x.js"'))}`
  )).a;
}

Deno.test("requireLate() replaces imports of Node.js modules with late requires, with the same result", async () => {
  const late = requireLate(HEAD);
  assert.doesNotMatch(late, /^import|import\s*[{*"']|from "node:/);
  const require = await requireOf(late);
  assert.equal(require("node:path"), (await import("node:path")).default);
  assert.equal(require("events"), (await import("node:events")).default);
  assert.throws(() => require("no-such-package"), { code: "MODULE_NOT_FOUND" });
});

Deno.test("requireLate() leaves every other module unchanged", () => {
  for (const text of ["", 'import{join} from "node:path";export{join};', "var m=1;"]) {
    assert.equal(requireLate(text), text);
  }
});
