/** The packages for npm: the main one, and one per system with the program. */

import { DESCRIPTION, KEYWORDS, LICENSE, NAME, VERSION } from "./product.ts";
import type { Home } from "./product.ts";
import { TARGET_NAMES, TARGETS } from "./targets.ts";
import type { TargetName } from "./targets.ts";

/** The content of a `package.json`. */
export type PackageManifest = Readonly<Record<string, unknown>> & { readonly name: string };

/** The package for a system, under npm's own names: the launcher finds it by `process.platform` and `process.arch`. */
export function platformPackageName(target: TargetName): string {
  const { os, cpu } = TARGETS[target];
  return `@${NAME}/${os}-${cpu}`;
}

/**
 * The package that users name. npm installs the other package that fits the system; no package runs anything when it is
 * installed.
 */
export function mainManifest(home: Home | undefined): PackageManifest {
  return {
    ...common(home),
    name: NAME,
    description: DESCRIPTION,
    keywords: KEYWORDS,
    ...(home === undefined ? {} : { mcpName: home.registryName }),
    bin: { [NAME]: "launcher.cjs" },
    files: ["launcher.cjs"],
    engines: { node: ">=18" },
    optionalDependencies: Object.fromEntries(TARGET_NAMES.map((target) => [platformPackageName(target), VERSION])),
  };
}

/** The package that contains the program for one system. */
export function platformManifest(target: TargetName, home: Home | undefined): PackageManifest {
  const { os, cpu, suffix } = TARGETS[target];
  return {
    ...common(home),
    name: platformPackageName(target),
    description: `${NAME} for ${target}: install ${NAME} instead, which takes what fits the system`,
    files: [`${NAME}${suffix}`],
    os: [os],
    cpu: [cpu],
    ...(os === "linux" ? { libc: ["glibc"] } : {}),
    preferUnplugged: true,
  };
}

function common(home: Home | undefined) {
  return {
    version: VERSION,
    license: LICENSE,
    ...(home === undefined ? {} : { repository: { type: "git", url: `git+${home.url}.git` } }),
    publishConfig: { access: "public" },
  };
}
