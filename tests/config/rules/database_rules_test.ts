import assert from "node:assert/strict";
import { readDatabaseAccess } from "../../../src/config/database_access.ts";
import { DATABASE_SETTINGS } from "../../../src/config/database_settings.ts";
import { parseSettings } from "../../../src/config/parse.ts";
import { databaseProblems } from "../../../src/config/rules/database_rules.ts";

const URL_WITHOUT = "postgres://ann@db.example.com/luno";
const URL_WITH = "postgres://ann:canary-password@db.example.com/luno";

function problemsOf(flags: Record<string, string>, env: Record<string, string> = {}): string[] {
  const parsed = parseSettings(DATABASE_SETTINGS, { flags, env: (name) => env[name] });
  return [...(parsed.ok ? [] : parsed.problems), ...databaseProblems(parsed.values, parsed.origins)];
}

Deno.test("databaseProblems() accepts a password in the environment, and not where others can read it", () => {
  assert.deepEqual(problemsOf({}, { LUNO_MCP_STATE_URL: URL_WITH }), []);
  assert.deepEqual(problemsOf({ "state-url": URL_WITHOUT }, { LUNO_MCP_STATE_PASSWORD: "canary-password" }), []);
  const [problem, ...others] = problemsOf({ "state-url": URL_WITH });
  assert.deepEqual(others, []);
  assert.match(problem ?? "", /^--state-url: expected no password in it/);
  assert.doesNotMatch(problem ?? "", /canary/);
});

Deno.test("databaseProblems() refuses two passwords, authorities without an address and authorities without TLS", () => {
  const env = { LUNO_MCP_STATE_URL: URL_WITH, LUNO_MCP_STATE_PASSWORD: "other" };
  assert.deepEqual(problemsOf({}, env), [
    "LUNO_MCP_STATE_URL, LUNO_MCP_STATE_PASSWORD: expected one password, 2 are set",
  ]);
  assert.deepEqual(problemsOf({ "state-ca": "ca.pem" }), ["--state-ca: only with --state-url"]);
  assert.equal(problemsOf({ "state-ca": "ca.pem", "state-url": "postgres://ann@localhost/luno" }).length, 1);
});

Deno.test("an invalid address is refused without being quoted", () => {
  const [problem] = problemsOf({}, { LUNO_MCP_STATE_URL: "postgres://ann:canary-password@/luno" });
  assert.match(problem ?? "", /^LUNO_MCP_STATE_URL: expected an address/);
  assert.doesNotMatch(problem ?? "", /canary/);
});

Deno.test("readDatabaseAccess() reads the password file again for each connection", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/password`;
    await Deno.writeTextFile(path, "first\n", { mode: 0o600 });
    const flags = { "state-url": URL_WITHOUT };
    const parsed = parseSettings(DATABASE_SETTINGS, {
      flags,
      env: (name) => name === "LUNO_MCP_STATE_PASSWORD_FILE" ? path : undefined,
    });
    const problems: string[] = [];
    const access = await readDatabaseAccess(parsed.values, problems);
    assert.deepEqual(problems, []);
    assert.equal(await access?.password?.(), "first");
    await Deno.writeTextFile(path, "second\n");
    assert.equal(await access?.password?.(), "second");
    await Deno.remove(path);
    assert.equal(await access?.password?.(), "first");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
