import assert from "node:assert/strict";
import { parseSettings } from "../../../src/config/parse.ts";
import { sharedProblems, sharedSessionProblems } from "../../../src/config/rules/shared_rules.ts";
import { readSharedAccess } from "../../../src/config/shared_access.ts";
import { SHARED_SETTINGS } from "../../../src/config/shared_settings.ts";

const URL_WITHOUT = "rediss://ann@cache.example.com";
const URL_WITH = "rediss://ann:canary-password@cache.example.com";

function problemsOf(flags: Record<string, string>, env: Record<string, string> = {}): string[] {
  const parsed = parseSettings(SHARED_SETTINGS, { flags, env: (name) => env[name] });
  return [...(parsed.ok ? [] : parsed.problems), ...sharedProblems(parsed.values, parsed.origins)];
}

Deno.test("sharedProblems() accepts a password in the environment, and not where others can read it", () => {
  assert.deepEqual(problemsOf({}, { LUNO_MCP_SHARED_URL: URL_WITH }), []);
  assert.deepEqual(problemsOf({ "shared-url": URL_WITHOUT }, { LUNO_MCP_SHARED_PASSWORD: "canary-password" }), []);
  const [problem, ...others] = problemsOf({ "shared-url": URL_WITH });
  assert.deepEqual(others, []);
  assert.match(problem ?? "", /^--shared-url: expected no password in it/);
  assert.doesNotMatch(problem ?? "", /canary/);
});

Deno.test("sharedProblems() refuses two passwords, authorities without an address and authorities without TLS", () => {
  assert.deepEqual(problemsOf({}, { LUNO_MCP_SHARED_URL: URL_WITH, LUNO_MCP_SHARED_PASSWORD: "other" }), [
    "LUNO_MCP_SHARED_URL, LUNO_MCP_SHARED_PASSWORD: expected one password, 2 are set",
  ]);
  assert.deepEqual(problemsOf({ "shared-ca": "ca.pem" }), ["--shared-ca: only with --shared-url"]);
  assert.equal(problemsOf({ "shared-ca": "ca.pem", "shared-url": "redis://localhost" }).length, 1);
});

Deno.test("sessions are kept for all servers or for this one, not for both", () => {
  assert.deepEqual([
    sharedSessionProblems({ sharedUrl: {}, keepSessions: false }),
    sharedSessionProblems({ keepSessions: true }),
  ], [[], []]);
  assert.match(
    sharedSessionProblems({ sharedUrl: {}, keepSessions: true })[0] ?? "",
    /^--keep-sessions: not with --shared-url/,
  );
});

Deno.test("an invalid address of the shared state is refused without being quoted", () => {
  const [problem] = problemsOf({}, { LUNO_MCP_SHARED_URL: "rediss://ann:canary-password@" });
  assert.match(problem ?? "", /^LUNO_MCP_SHARED_URL: expected an address/);
  assert.doesNotMatch(problem ?? "", /canary/);
});

Deno.test("readSharedAccess() reads the password file again for each connection", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/password`;
    await Deno.writeTextFile(path, "first\n", { mode: 0o600 });
    const env = (name: string) => name === "LUNO_MCP_SHARED_PASSWORD_FILE" ? path : undefined;
    const parsed = parseSettings(SHARED_SETTINGS, { flags: { "shared-url": URL_WITHOUT }, env });
    const problems: string[] = [];
    const access = await readSharedAccess(parsed.values, problems);
    assert.deepEqual(problems, []);
    assert.equal(await access?.password?.(), "first");
    await Deno.writeTextFile(path, "second\n");
    assert.equal(await access?.password?.(), "second");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
