import assert from "node:assert/strict";
import { join } from "node:path";
import { link } from "./link.ts";
import { checkPrivateFile, fileProblems } from "../../src/state/private_file.ts";
import type { Protection } from "../../src/state/private_file.ts";

const USER = 1_000;

/** What is wrong with a file of this mode and owner for a program of {@linkcode USER}. */
function problemsOf(as: Protection, mode: number, owner = USER): string[] {
  return fileProblems("FILE", { isFile: true, isSymlink: false, mode, uid: owner }, { uid: () => USER, as });
}

/** Modes of files that are taken, and such that are refused, by protection and owner. */
const MODES: Readonly<Record<string, { as: Protection; owner: number; good: number[]; bad: number[] }>> = {
  "a secret of one's own": {
    as: "secret",
    owner: USER,
    good: [0o600, 0o400, 0o700],
    bad: [0o640, 0o440, 0o644, 0o604, 0o620, 0o601],
  },
  "a secret of root's": {
    as: "secret",
    owner: 0,
    good: [0o640, 0o440, 0o600, 0o400],
    bad: [0o444, 0o644, 0o660, 0o650],
  },
  "a record": { as: "record", owner: USER, good: [0o600, 0o400], bad: [0o640, 0o660, 0o644, 0o606] },
  "a certificate of one's own": { as: "public", owner: USER, good: [0o600, 0o644, 0o444, 0o640], bad: [0o664, 0o646] },
  "a certificate of root's": { as: "public", owner: 0, good: [0o644, 0o444], bad: [0o664, 0o666] },
};

for (const [name, { as, owner, good, bad }] of Object.entries(MODES)) {
  Deno.test(`fileProblems() accepts ${name} that is private enough, and refuses one that is not`, () => {
    for (const mode of good) assert.deepEqual(problemsOf(as, mode, owner), [], mode.toString(8));
    for (const mode of bad) {
      const shown = mode.toString(8).padStart(4, "0");
      const problem = problemsOf(as, mode, owner).join("\n");
      assert.match(problem, new RegExp(`^expected a file that only .*: mode is ${shown}: run chmod \\S+ FILE$`));
    }
  });
}

Deno.test("fileProblems() refuses another user's file, except root's when it is no record", () => {
  for (const as of ["secret", "record", "public"] as const) {
    assert.deepEqual(problemsOf(as, 0o600, 1_001), [
      `expected a file of the user that runs this program (uid ${USER}): it belongs to uid 1001: ` +
      `run chown ${USER} FILE, or the program as uid 1001`,
    ]);
  }
  assert.match(problemsOf("record", 0o600, 0).join(), /belongs to uid 0/);
});

Deno.test("fileProblems() reports a wrong mode and a wrong owner together", () => {
  assert.equal(problemsOf("secret", 0o644, 1_001).length, 2);
});

Deno.test("fileProblems() finds nothing on a system without users or modes", () => {
  const facts = { isFile: true, isSymlink: false, mode: null, uid: null };
  assert.deepEqual(fileProblems("FILE", facts, { uid: () => null }), []);
});

/** Runs `body` with a file of this mode. */
async function withFile(mode: number, body: (path: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const path = join(dir, "secret.pem");
    await Deno.writeTextFile(path, "secret");
    await Deno.chmod(path, mode);
    await body(path);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("checkPrivateFile() refuses a missing file, and anything but a file, under the typed name", () =>
  withFile(0o600, async (path) => {
    const dir = join(path, "..");
    assert.deepEqual(await checkPrivateFile("--ssl-key", `${path}.old`), [
      `--ssl-key: expected a readable file: there is none: current value is "${path}.old"`,
    ]);
    assert.deepEqual(await checkPrivateFile("--ssl-key", dir), [
      `--ssl-key: expected a file: current value is "${dir}"`,
    ]);
  }));

Deno.test("checkPrivateFile() follows a link to a secret, since secrets are mounted so, and none to a record", () =>
  withFile(0o600, async (path) => {
    await link(path, `${path}.link`);
    assert.deepEqual(await checkPrivateFile("--ssl-key", `${path}.link`), []);
    assert.deepEqual(await checkPrivateFile("--state", `${path}.link`, { as: "record" }), [
      `--state: expected a file, not a link to another one: current value is "${path}.link"`,
    ]);
  }));

Deno.test("checkPrivateFile() asks the system which user runs the program", () =>
  withFile(0o600, async (path) => {
    const module = new URL("../../src/state/private_file.ts", import.meta.url).href;
    const script = `const { checkPrivateFile } = await import(${JSON.stringify(module)});` +
      `console.log(JSON.stringify(await checkPrivateFile("--ssl-key", ${JSON.stringify(path)})))`;
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", script], stderr: "null" }).output();
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), []);
  }));
