/**
 * Packs the npm packages into `dist/npm`: the main one, and one for each system that `deno task compile` has compiled
 * for. Needs npm. `GITHUB_REPOSITORY` names the repository, as on GitHub's runners.
 */

import { print } from "../src/world.ts";
import { mainManifest, platformManifest } from "./packaging/npm_packages.ts";
import type { PackageManifest } from "./packaging/npm_packages.ts";
import { homeOf, NAME } from "./packaging/product.ts";
import { findProgram, TARGET_NAMES, TARGETS } from "./packaging/targets.ts";

const FOLDER = "dist/npm";

const home = homeOf(Deno.env.get("GITHUB_REPOSITORY"));

await Deno.remove(FOLDER, { recursive: true }).catch(ignoreMissing);
let packed = 0;
for (const target of TARGET_NAMES) {
  const program = await findProgram(target);
  if (program === undefined) continue;
  await pack(platformManifest(target, home), { [`${NAME}${TARGETS[target].suffix}`]: program });
  packed += 1;
}
if (packed === 0) {
  await print(Deno.stderr, "Cannot pack as no program is compiled: run deno task compile first");
  Deno.exit(1);
}
await pack(mainManifest(home), {
  "launcher.cjs": "scripts/packaging/npm/launcher.cjs",
  "README.md": "scripts/packaging/npm/README.md",
});

/** Lays a package out in a folder of its own and packs it; `files` maps each of its files to its source. */
async function pack(manifest: PackageManifest, files: Readonly<Record<string, string>>): Promise<void> {
  const folder = `${FOLDER}/${manifest.name}`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`);
  for (const [name, source] of Object.entries({ ...files, LICENSE: "LICENSE" })) {
    await Deno.copyFile(source, `${folder}/${name}`);
    await Deno.chmod(`${folder}/${name}`, /\.md$|^LICENSE$/.test(name) ? 0o644 : 0o755);
  }
  const args = ["pack", "--silent", "--pack-destination", FOLDER, `./${folder}`];
  const { code } = await new Deno.Command("npm", { args, stdout: "null" }).spawn().status;
  if (code !== 0) Deno.exit(code);
  await print(Deno.stdout, `${FOLDER}: packed ${manifest.name}`);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
