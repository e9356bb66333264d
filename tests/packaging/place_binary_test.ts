import assert from "node:assert/strict";
import { targetOf } from "../../scripts/packaging/executable.ts";
import { placeBinary } from "../../scripts/packaging/place_binary.ts";

/** The first bytes of an executable: numbers by the offset at which they stand. */
function header(numbers: Readonly<Record<number, readonly number[]>>): Uint8Array {
  const bytes = new Uint8Array(256);
  for (const [offset, values] of Object.entries(numbers)) bytes.set(values, Number(offset));
  return bytes;
}

const ELF = [0x7f, 0x45, 0x4c, 0x46];
const ELF_X64 = header({ 0: ELF, 18: [62, 0] });
const MACH_O = [0xcf, 0xfa, 0xed, 0xfe];
const PE = { 0: [0x4d, 0x5a], 60: [128, 0, 0, 0], 128: [0x50, 0x45, 0, 0] };

Deno.test("targetOf() recognizes the system of an executable by its header, and rejects others", () => {
  assert.equal(targetOf(ELF_X64), "linux-x64");
  assert.equal(targetOf(header({ 0: ELF, 18: [183, 0] })), "linux-arm64");
  assert.equal(targetOf(header({ 0: [...MACH_O, 7, 0, 0, 1] })), "macos-x64");
  assert.equal(targetOf(header({ 0: [...MACH_O, 12, 0, 0, 1] })), "macos-arm64");
  assert.equal(targetOf(header({ ...PE, 132: [0x64, 0x86] })), "windows-x64");
  assert.equal(targetOf(header({ 0: ELF, 18: [3, 0] })), undefined);
  assert.equal(targetOf(header({ ...PE, 132: [0x4c, 0x01] })), undefined);
  assert.equal(targetOf(header({ ...PE, 60: [255, 255, 0, 0] })), undefined);
  assert.equal(targetOf(new TextEncoder().encode("#!/bin/sh\n".repeat(10))), undefined);
  assert.equal(targetOf(new Uint8Array(3)), undefined);
});

/** A folder with what an earlier run left, and the names in it after another. */
async function placeOver(name: "linux-x64" | "linux-arm64", written: Uint8Array | undefined) {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/program`, "earlier");
    const problem = await placeBinary(name, `${folder}/program`, async (file) => {
      if (written !== undefined) await Deno.writeFile(file, written);
      return written === undefined ? "no runtime" : undefined;
    });
    return { problem, names: (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("placeBinary() moves a complete program of the right system to its place", async () => {
  assert.deepEqual(await placeOver("linux-x64", ELF_X64), { problem: undefined, names: ["program"] });
});

Deno.test("placeBinary() leaves no file, not even an earlier one, when the runtime of another system was embedded", async () => {
  const { problem, names } = await placeOver("linux-arm64", ELF_X64);
  assert.match(problem ?? "", /^Cannot compile for linux-arm64: .* is for linux-x64, see DENORT_BIN$/);
  assert.deepEqual(names, []);
});

Deno.test("placeBinary() leaves no file when the compiler fails, and says why", async () => {
  assert.deepEqual(await placeOver("linux-x64", undefined), {
    problem: "Cannot compile for linux-x64: no runtime",
    names: [],
  });
});
