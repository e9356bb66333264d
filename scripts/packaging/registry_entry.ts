/** The entry of the MCP registry: `server.json`, written to `dist/release` when a release is made. */

import { print } from "../../src/world.ts";
import { bundleName, RELEASE_FOLDER, TARGET_NAMES } from "./targets.ts";
import { sha256 } from "./checksums.ts";
import { DESCRIPTION, homeOf, NAME, VERSION } from "./product.ts";
import type { Home } from "./product.ts";

/** A bundle of the release, with the digest that clients compare. */
export interface Bundle {
  readonly name: string;
  readonly sha256: string;
}

/** A `server.json`. */
export type RegistryEntry = Readonly<Record<string, unknown>> & { readonly packages: readonly RegistryPackage[] };
type RegistryPackage = Readonly<Record<string, unknown>>;

const VARIABLES = [
  {
    name: "LUNO_API_KEY",
    description: "Luno API key id; without a key there is public market data only",
    isSecret: true,
  },
  { name: "LUNO_API_SECRET", description: "Luno API key secret", isSecret: true },
  {
    name: "LUNO_MCP_EXCHANGE",
    description: "The real exchange, the real market with paper funds, or a simulated exchange",
    choices: ["live", "paper", "simulated"],
    default: "live",
  },
];

/** The entry for the npm package and for each bundle. */
export function registryEntry(home: Home, bundles: readonly Bundle[]): RegistryEntry {
  const common = { transport: { type: "stdio" }, environmentVariables: VARIABLES };
  return {
    $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
    name: home.registryName,
    title: "Luno",
    description: DESCRIPTION,
    version: VERSION,
    repository: { url: home.url, source: "github" },
    packages: [
      { registryType: "npm", identifier: NAME, version: VERSION, runtimeHint: "npx", ...common },
      ...bundles.map(({ name, sha256 }) => ({
        registryType: "mcpb",
        identifier: `${home.url}/releases/download/v${VERSION}/${name}`,
        fileSha256: sha256,
        ...common,
      })),
    ],
  };
}

if (import.meta.main) {
  const home = homeOf(Deno.env.get("GITHUB_REPOSITORY"));
  if (home === undefined) {
    await print(Deno.stderr, "Cannot write server.json: expected OWNER/NAME in GITHUB_REPOSITORY");
    Deno.exit(2);
  }
  const present = (await Array.fromAsync(Deno.readDir(RELEASE_FOLDER))).map(({ name }) => name);
  const bundles: Bundle[] = [];
  for (const name of TARGET_NAMES.map(bundleName)) {
    if (present.includes(name)) bundles.push({ name, sha256: await sha256(`${RELEASE_FOLDER}/${name}`) });
  }
  await Deno.writeTextFile(
    `${RELEASE_FOLDER}/server.json`,
    `${JSON.stringify(registryEntry(home, bundles), null, 2)}\n`,
  );
}
