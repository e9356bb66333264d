import assert from "node:assert/strict";
import { join } from "node:path";
import { judgePrivateFile } from "../../src/state/private_file.ts";

/** Runs `body` with a file of this mode and the user that owns it. */
async function withFile(mode: number, body: (path: string, owner: number) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ dir: "/tmp" });
  try {
    const path = join(dir, "secret.pem");
    await Deno.writeTextFile(path, "secret");
    await Deno.chmod(path, mode);
    await body(path, (await Deno.stat(path)).uid ?? -1);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

for (const mode of [0o600, 0o400, 0o700]) {
  Deno.test(`judgePrivateFile() takes a file of mode ${mode.toString(8)}`, () =>
    withFile(
      mode,
      async (path, owner) => assert.deepEqual(await judgePrivateFile("--ssl-key", path, { uid: () => owner }), []),
    ));
}

for (const mode of [0o644, 0o640, 0o604, 0o620, 0o601]) {
  Deno.test(`judgePrivateFile() refuses a file of mode ${mode.toString(8)}`, () =>
    withFile(
      mode,
      async (path, owner) =>
        assert.deepEqual(await judgePrivateFile("--ssl-key", path, { uid: () => owner }), [
          `--ssl-key: expected a file that only its owner can read: mode is 0${
            mode.toString(8)
          }: run chmod 600 ${path}`,
        ]),
    ));
}

Deno.test("judgePrivateFile() refuses a file of another user, and tells a wrong mode with it", () =>
  withFile(0o644, async (path, owner) => {
    const problems = await judgePrivateFile("SSL_KEY_PATH", path, { uid: () => owner + 1 });
    assert.equal(problems.length, 2);
    assert.equal(
      problems[1],
      `SSL_KEY_PATH: expected a file of the user that runs this program (uid ${owner + 1}): ` +
        `it belongs to uid ${owner}: run chown ${owner + 1} ${path}`,
    );
  }));

Deno.test("judgePrivateFile() takes any owner where the system has no users", () =>
  withFile(
    0o600,
    async (path) => assert.deepEqual(await judgePrivateFile("--ssl-key", path, { uid: () => null }), []),
  ));

Deno.test("judgePrivateFile() refuses a file that is missing, and what is no file", () =>
  withFile(0o600, async (path, owner) => {
    const dir = join(path, "..");
    assert.deepEqual(await judgePrivateFile("--ssl-key", `${path}.old`, { uid: () => owner }), [
      `--ssl-key: expected a readable file: there is none: current value is "${path}.old"`,
    ]);
    assert.deepEqual(await judgePrivateFile("--ssl-key", dir, { uid: () => owner }), [
      `--ssl-key: expected a file: current value is "${dir}"`,
    ]);
  }));

Deno.test("judgePrivateFile() asks the system which user runs the program", () =>
  withFile(0o600, async (path) => {
    const module = new URL("../../src/state/private_file.ts", import.meta.url).href;
    const script = `const { judgePrivateFile } = await import(${JSON.stringify(module)});` +
      `console.log(JSON.stringify(await judgePrivateFile("--ssl-key", ${JSON.stringify(path)})))`;
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", script], stderr: "null" }).output();
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), []);
  }));
