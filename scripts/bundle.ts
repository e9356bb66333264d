/**
 * Packs an MCP bundle (MCPB) for every system that `deno task compile` has compiled for, into `dist/release`. The format's own
 * tool, which `npx` brings at a pinned version, validates the manifests and packs. Needs npm.
 */

import { print } from "../src/world.ts";
import { catalogue } from "../src/tools/catalogue.ts";
import { BUNDLE_FOLDER, bundleManifest } from "./packaging/bundle_manifest.ts";
import { homeOf, NAME } from "./packaging/product.ts";
import { bundleName, findProgram, RELEASE_FOLDER, TARGET_NAMES, TARGETS } from "./packaging/targets.ts";
import type { TargetName } from "./packaging/targets.ts";

const TOOL = "@anthropic-ai/mcpb@2.1.2";

await Deno.mkdir(RELEASE_FOLDER, { recursive: true });
let packed = 0;
for (const target of TARGET_NAMES) {
  const program = await findProgram(target);
  if (program === undefined) continue;
  await bundle(target, program);
  packed += 1;
}
if (packed === 0) {
  await print(Deno.stderr, "Cannot bundle as no program is compiled: run deno task compile first");
  Deno.exit(1);
}

async function bundle(target: TargetName, program: string): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: "dist" });
  try {
    const path = `${folder}/${BUNDLE_FOLDER}/${NAME}${TARGETS[target].suffix}`;
    await Deno.mkdir(`${folder}/${BUNDLE_FOLDER}`);
    await Deno.copyFile(program, path);
    await Deno.chmod(path, 0o755);
    await Deno.copyFile("LICENSE", `${folder}/LICENSE`);
    const manifest = bundleManifest(target, { home: homeOf(Deno.env.get("GITHUB_REPOSITORY")), tools: catalogue });
    await Deno.writeTextFile(`${folder}/manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
    const output = `${RELEASE_FOLDER}/${bundleName(target)}`;
    const { code } = await new Deno.Command("npx", { args: ["-y", TOOL, "pack", folder, output] }).spawn().status;
    if (code !== 0) Deno.exit(code);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
