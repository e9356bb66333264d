import assert from "node:assert/strict";
import { writeChecksums } from "../../scripts/packaging/checksums.ts";

Deno.test("writeChecksums() lists the files of a folder like sha256sum, and deletes the signature of an older list", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/b`, "");
    await Deno.writeTextFile(`${folder}/a`, "abc");
    await Deno.writeTextFile(`${folder}/SHA256SUMS.sig`, "old");
    await writeChecksums(folder);
    await writeChecksums(folder);
    assert.equal(
      await Deno.readTextFile(`${folder}/SHA256SUMS`),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n" +
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n",
    );
    assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).toSorted(), [
      "SHA256SUMS",
      "a",
      "b",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
