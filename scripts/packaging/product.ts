/** How packages, bundles and registries describe the program. */

import project from "../../deno.json" with { type: "json" };

/** The program in one line, within the 100 characters that registries allow. */
export const DESCRIPTION =
  "The Luno cryptocurrency exchange over MCP: market data, balances and orders; trading off by default";

/** Keywords to find it by. */
export const KEYWORDS = ["mcp", "model-context-protocol", "luno", "cryptocurrency", "exchange", "trading"];

export const { name: NAME, version: VERSION, license: LICENSE } = project;

/** The project's repository, and its name in the MCP registry, which must belong to the same owner. */
export interface Home {
  readonly url: string;
  readonly registryName: string;
  /** An address of its owner that takes no mail. */
  readonly noReply: string;
}

/** The home of a repository, given as `OWNER/NAME` on GitHub. Without one, packages do not say where they come from. */
export function homeOf(repository: string | undefined): Home | undefined {
  const [, owner, name] = /^([\w-]+)\/([\w.-]+)$/.exec(repository ?? "") ?? [];
  if (owner === undefined || name === undefined) return undefined;
  return {
    url: `https://github.com/${owner}/${name}`,
    registryName: `io.github.${owner}/${NAME}`,
    noReply: `${owner}@users.noreply.github.com`,
  };
}
