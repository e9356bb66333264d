/**
 * Builds the Debian package for every Linux that `deno task compile` has compiled for, into `dist/release`. Needs only
 * `dpkg-deb`: `dh_strip` would remove the program's payload.
 */

import { print } from "../src/world.ts";
import { DEB_ARCHITECTURES, debName, layOutDeb } from "./packaging/deb_tree.ts";
import { homeOf } from "./packaging/product.ts";
import type { DebTarget } from "./packaging/deb_tree.ts";
import { findProgram, RELEASE_FOLDER } from "./packaging/targets.ts";

const home = homeOf(Deno.env.get("GITHUB_REPOSITORY"));
await Deno.mkdir(RELEASE_FOLDER, { recursive: true });
let built = 0;
for (const target of Object.keys(DEB_ARCHITECTURES) as DebTarget[]) {
  const program = await findProgram(target);
  if (program === undefined) continue;
  await build(target, program);
  built += 1;
}
if (built === 0) {
  await print(Deno.stderr, "Cannot build a package as no program for Linux is compiled: run deno task compile first");
  Deno.exit(1);
}

async function build(target: DebTarget, program: string): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: "dist" });
  try {
    await layOutDeb(folder, target, { program, home });
    const output = `${RELEASE_FOLDER}/${debName(target)}`;
    // Readers older than Debian 12 know no zstd; higher levels take minutes and save little.
    const args = ["--root-owner-group", "-Zxz", "-z3", "--build", folder, output];
    const { code } = await new Deno.Command("dpkg-deb", { args, stdout: "null" }).spawn().status;
    if (code !== 0) Deno.exit(code);
    await print(Deno.stdout, output);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
