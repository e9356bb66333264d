import assert from "node:assert/strict";
import { join } from "node:path";
import { link } from "../link.ts";
import { SEEN_FILE, SeenHead } from "../../../src/state/record/postgres/seen_head.ts";

async function withFolder(use: (folder: string, file: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder, join(folder, SEEN_FILE));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("SeenHead keeps the last seen head of its store for the next start, and none of another store", async () => {
  await withFolder(async (folder) => {
    const seen = SeenHead.open(folder, "store-1");
    seen.note({ seq: 7, hash: "abc" });
    await seen.close();
    for (const [store, seq] of [["store-1", 7], ["store-2", 0]] as const) {
      const next = SeenHead.open(folder, store);
      assert.equal(next.last.seq, seq);
      await next.close();
    }
  });
});

Deno.test("SeenHead has seen nothing when its file contains what it has not written", async () => {
  for (const text of ["", "null", "7", "{}", "[]", "{", '{"store":"store-1","seq":"7","hash":"abc"}']) {
    await withFolder(async (folder, file) => {
      await Deno.writeTextFile(file, text, { mode: 0o600 });
      const seen = SeenHead.open(folder, "store-1");
      assert.equal(seen.last.seq, 0, text);
      await seen.close();
    });
  }
});

Deno.test("SeenHead refuses a link in place of its file, and a file that others can write", async () => {
  await withFolder(async (folder, file) => {
    await link(join(folder, "elsewhere"), file);
    assert.throws(() => SeenHead.open(folder, "store-1"), /not a link to another one/);
    await Deno.remove(file);
    await Deno.writeTextFile(file, "");
    await Deno.chmod(file, 0o666);
    assert.throws(() => SeenHead.open(folder, "store-1"), /that only its owner can read: mode is 0666/);
  });
});
