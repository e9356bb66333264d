import assert from "node:assert/strict";
import { join } from "node:path";
import { link } from "./link.ts";
import { folderProblems, makeFolder, ownProblem, parentProblem } from "../../src/state/state_folder.ts";
import type { FolderFacts } from "../../src/state/state_folder.ts";

const USER = 1_000;

function facts(mode: number, { uid = USER, gid = 50 }: { uid?: number; gid?: number } = {}): FolderFacts {
  return { isDirectory: true, mode, uid, gid };
}

Deno.test("ownProblem() accepts a folder that only the program's user can write to, and no other", () => {
  for (const mode of [0o700, 0o750, 0o755, 0o500]) assert.equal(ownProblem("DIR", facts(mode), USER), undefined);
  for (const mode of [0o777, 0o1777, 0o770, 0o775, 0o2775, 0o702]) {
    assert.match(
      ownProblem("DIR", facts(mode), USER) ?? "",
      /only its owner can write to: mode of DIR is .*chmod 700 DIR/,
    );
  }
  for (const uid of [0, 1_001]) {
    const problem = ownProblem("DIR", facts(0o700, { uid }), USER) ?? "";
    assert.match(problem, new RegExp(`DIR belongs to uid ${uid}: run the program as uid ${uid}`));
  }
  assert.match(ownProblem("DIR", { ...facts(0o700), isDirectory: false }, USER) ?? "", /expected a folder/);
});

Deno.test("parentProblem() accepts what only root or the program's user can change, and sticky folders", () => {
  const good = [
    facts(0o755, { uid: 0 }),
    facts(0o700),
    facts(0o1777, { uid: 0 }),
    facts(0o775, { gid: USER }), // A group of this user alone.
  ];
  for (const each of good) assert.equal(parentProblem("/up", each, USER), undefined, JSON.stringify(each));
  const bad = [
    facts(0o777, { uid: 0 }),
    facts(0o775),
    facts(0o2775, { uid: 0 }),
    facts(0o755, { uid: 1_001 }),
    facts(0o1777, { uid: 1_001 }),
  ];
  for (const each of bad) {
    assert.match(parentProblem("/up", each, USER) ?? "", /^expected a folder/, JSON.stringify(each));
  }
});

/** A folder of this program's user, below one that is sticky. */
async function withFolder(body: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("folderProblems() names a link that leads nowhere, and not a folder that is still to be made", () =>
  withFolder(async (root) => {
    const place = join(root, "state");
    await link(join(root, "nowhere"), place);
    assert.deepEqual(folderProblems(place), [`expected a folder: ${place} is a link that leads nowhere`]);
    assert.deepEqual(folderProblems(join(root, "new", "state")), []);
  }));

Deno.test("folderProblems() checks the folder, its parents, and the targets of its links", () =>
  withFolder(async (root) => {
    const open = join(root, "open");
    const state = join(open, "state");
    await Deno.mkdir(state, { recursive: true, mode: 0o700 });
    assert.deepEqual(folderProblems(state), []);
    assert.deepEqual(folderProblems(join(state, "not", "there", "yet")), []);
    await link(state, join(root, "link"));
    assert.deepEqual(folderProblems(join(root, "link")), []);
    await Deno.chmod(open, 0o777);
    for (const path of [state, join(root, "link"), join(open, "not", "there", "yet")]) {
      const problems = folderProblems(path);
      assert.equal(problems.length, 1, path);
      assert.match(problems.join(), /mode of .*open is 0777: run chmod go-w .*open/);
    }
    await Deno.chmod(open, 0o1777);
    assert.deepEqual(folderProblems(state), []);
    await Deno.chmod(state, 0o770);
    assert.match(folderProblems(join(root, "link")).join(), /mode of .*state is 0770/);
  }));

Deno.test("folderProblems() names the user whose folder it is", () =>
  withFolder((root) => {
    const owner = Deno.statSync(root).uid ?? 0;
    const [problem = ""] = folderProblems(root, { uid: () => owner + 1 });
    assert.match(problem, new RegExp(`uid ${owner + 1}.*belongs to uid ${owner}: run the program as uid ${owner}`));
  }));

Deno.test("makeFolder() creates a folder of its owner's only, and accepts none that others can write to, nor a link", () =>
  withFolder(async (root) => {
    const archive = join(root, "archive");
    makeFolder(archive);
    makeFolder(archive);
    assert.equal(((await Deno.stat(archive)).mode ?? 0) & 0o777, 0o700);
    const open = join(root, "open");
    await Deno.mkdir(open);
    await Deno.chmod(open, 0o777);
    await link(open, join(root, "instances"));
    for (const path of [open, join(root, "instances")]) {
      assert.throws(() => makeFolder(path), /only its owner can write to/);
    }
  }));
