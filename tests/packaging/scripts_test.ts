/** Shell scripts and workflows, as far as they can be checked without being run. */

import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url);

const workflows = (await Array.fromAsync(Deno.readDir(new URL(".github/workflows/", ROOT)))).map(({ name }) => name);

for (const name of workflows) {
  const text = await Deno.readTextFile(new URL(`.github/workflows/${name}`, ROOT));

  Deno.test(`${name} pins every action by a commit's digest, and names its version`, () => {
    const uses = [...text.matchAll(/uses: (.*)$/gm)].map(([, action = ""]) => action);
    assert.ok(uses.length > 0);
    for (const action of uses) assert.match(action, /^[\w./-]+@[0-9a-f]{40} # v\d/);
  });

  Deno.test(`${name} runs existing tasks`, () => {
    for (const [, task = ""] of text.matchAll(/deno task ([\w-]+)/g)) {
      assert.ok(Object.hasOwn(project.tasks, task), task);
    }
  });
}

if (await Deno.stat("/usr/bin/shellcheck").then(() => true, () => false)) {
  Deno.test("shellcheck finds nothing wrong with the shell scripts", async () => {
    const args = ["-c", "shellcheck .ci/* scripts/*.sh deploy/debian/prerm"];
    const { stdout } = await new Deno.Command("sh", { args, cwd: ROOT }).output();
    assert.equal(new TextDecoder().decode(stdout), "");
  });
}
