import assert from "node:assert/strict";
import { type DenyList, normalizeSerial, parseDenyList } from "../../src/access/deny_list.ts";

const FINGERPRINT = "0123456789abcdef".repeat(4);

function listOf(text: string): DenyList {
  const parsed = parseDenyList(text);
  assert.ok(parsed.ok);
  return parsed.list;
}

function problemsOf(text: string): string[] {
  const parsed = parseDenyList(text);
  return parsed.ok ? [] : parsed.problems;
}

Deno.test("DenyList.has() finds a certificate by its serial number or its fingerprint", () => {
  const list = listOf(`5fe0\n${FINGERPRINT}\n`);
  assert.equal(list.size, 2);
  assert.ok(list.has({ serial: "5fe0", fingerprint: "0".repeat(64) }));
  assert.ok(list.has({ serial: "1", fingerprint: FINGERPRINT }));
  assert.ok(!list.has({ serial: "5fe", fingerprint: "0".repeat(64) }));
});

Deno.test("parseDenyList() accepts any case, colons, leading zeros, comments, blank lines and any line ending", () => {
  const colons = FINGERPRINT.toUpperCase().match(/../g)?.join(":");
  const list = listOf(`\ufeff# lost\r\n\r\n  0A:b1:C2  # of a laptop\r00ff\n${colons}\n00\n`);
  assert.equal(list.size, 4);
  for (const serial of ["ab1c2", "ff", "0"]) assert.ok(list.has({ serial, fingerprint: "" }), serial);
  assert.ok(list.has({ serial: "1", fingerprint: FINGERPRINT }));
});

Deno.test("parseDenyList() accepts an empty file, which denies nobody", () => {
  assert.equal(listOf("").size, 0);
});

Deno.test("parseDenyList() reports every invalid line by its number, without its content", () => {
  const lines = ["ff", "0x12", "a:b", "aa:", "secret", "1".repeat(41), "1".repeat(65), `${FINGERPRINT} 1`, "-1", "ff"];
  const problems = problemsOf(lines.join("\n"));
  assert.deepEqual(problems.map((problem) => problem.split(":")[0]), [2, 3, 4, 5, 6, 7, 8, 9].map((n) => `line ${n}`));
  assert.doesNotMatch(problems.join(), /secret/);
});

Deno.test("parseDenyList() accepts at most 100,000 entries", () => {
  const entries = Array.from({ length: 100_000 }, (_, index) => (index + 1).toString(16));
  assert.equal(listOf(entries.join("\n")).size, 100_000);
  assert.deepEqual(problemsOf([...entries, "ffffffff"].join("\n")), [
    "expected at most 100000 entries: current number is 100001",
  ]);
});

Deno.test("parseDenyList() limits the problems it reports of a file of another kind", () => {
  const problems = problemsOf("nonsense\n".repeat(1_000));
  assert.equal(problems.length, 101);
  assert.equal(problems.at(-1), "900 more lines with the same problem");
});

Deno.test("normalizeSerial() gives every spelling of a number one form", () => {
  assert.deepEqual(["00", "0", "0A0", "FF", "00de"].map(normalizeSerial), ["0", "0", "a0", "ff", "de"]);
});
