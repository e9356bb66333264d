import assert from "node:assert/strict";
import { importProblems, readImports, tableProblems } from "../scripts/check_imports.ts";

function problemsOf(sources: Readonly<Record<string, string>>): string[] {
  return importProblems(new Map(Object.entries(sources)));
}

Deno.test("readImports() reads imports of values and types, dynamic imports and imports from packages, and ignores comments", () => {
  const source = `
/** Not this: from "./comment.ts". */
import { a } from "./a.ts";
import type { B } from "../money/b.ts";
import "./c.ts";
export * from "./d.ts";
const e = await import("./e.ts");
import assert from "node:assert/strict";
`;
  assert.deepEqual(readImports("src/trading/x.ts", source), {
    files: ["src/trading/a.ts", "src/money/b.ts", "src/trading/c.ts", "src/trading/d.ts", "src/trading/e.ts"],
    packages: ["node:assert/strict"],
  });
});

Deno.test("importProblems() accepts imports that point down, and reports one that points up", () => {
  const down = { "src/tools/a.ts": 'import { b } from "../trading/orders/b.ts";', "src/trading/orders/b.ts": "" };
  assert.deepEqual(problemsOf(down), []);
  const [problem = "", ...others] = problemsOf({ "src/money/a.ts": 'import { b } from "../trading/b.ts";' });
  assert.deepEqual(others, []);
  assert.match(problem, /^src\/money\/a\.ts imports src\/trading\/b\.ts: src\/money may not import src\/trading$/);
});

Deno.test("importProblems() lets every room import the shared ground, and the ground nothing", () => {
  const text = { "src/text/a.ts": "", "src/money/b.ts": 'import { a } from "../text/a.ts";' };
  assert.deepEqual(problemsOf(text), []);
  assert.equal(problemsOf({ "src/text/a.ts": 'import { b } from "../money/b.ts";' }).length, 1);
});

Deno.test("importProblems() lets only main.ts import commands", () => {
  const command = 'import { run } from "./src/cli/run.ts";';
  assert.deepEqual(problemsOf({ "main.ts": command, "src/cli/run.ts": "" }), []);
  assert.equal(problemsOf({ "src/server/a.ts": 'import { run } from "../cli/run.ts";' }).length, 1);
});

Deno.test("importProblems() reports files that import each other in a cycle, including by types", () => {
  const [problem, ...others] = problemsOf({
    "src/money/a.ts": 'import type { B } from "./b.ts";',
    "src/money/b.ts": 'import { c } from "./c.ts";',
    "src/money/c.ts": 'import { a } from "./a.ts";',
    "src/money/d.ts": 'import { a } from "./a.ts";',
  });
  assert.equal(
    problem,
    "These files import each other in a circle: src/money/a.ts, src/money/b.ts, src/money/c.ts",
  );
  assert.deepEqual(others, []);
});

Deno.test("importProblems() keeps packages in the rooms that they belong to", () => {
  assert.deepEqual(problemsOf({ "src/protocol/a.ts": 'import { b } from "@modelcontextprotocol/server";' }), []);
  assert.deepEqual(problemsOf({ "src/trading/a.ts": 'import { b } from "@modelcontextprotocol/server";' }), [
    "src/trading/a.ts imports @modelcontextprotocol/server: only src/protocol, src/transport, src/client may",
  ]);
});

Deno.test("tableProblems() reports an arrow of the table that no import uses", () => {
  const unused = (source: string): boolean =>
    tableProblems(new Map([["src/market/a.ts", source]])).some((arrow) =>
      arrow.startsWith("No file of src/market imports src/money")
    );
  assert.equal(unused(""), true);
  assert.equal(unused('import { b } from "../money/b.ts";'), false);
});
