/** The manifest of an MCP bundle (MCPB): the program for one system, installed by a click. */

import { DESCRIPTION, KEYWORDS, LICENSE, NAME, VERSION } from "./product.ts";
import type { Home } from "./product.ts";
import { TARGETS } from "./targets.ts";
import type { TargetName } from "./targets.ts";

/** The folder of a bundle that contains the program. */
export const BUNDLE_FOLDER = "server";

/** The content of a bundle's `manifest.json`. */
export interface BundleManifest {
  readonly server: {
    readonly type: "binary";
    readonly entry_point: string;
    readonly mcp_config: {
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    };
  };
  readonly user_config: Readonly<Record<string, { readonly default: string; readonly sensitive?: boolean }>>;
  readonly [field: string]: unknown;
}

/**
 * The manifest of the bundle for a system, version 0.3 of the format. Settings that the user leaves empty have no
 * effect.
 */
export function bundleManifest(target: TargetName, { home, tools }: {
  readonly home: Home | undefined;
  /** What the bundle shows before it is installed. */
  readonly tools: readonly { readonly name: string; readonly description: string }[];
}): BundleManifest {
  const { os, suffix } = TARGETS[target];
  const program = `${BUNDLE_FOLDER}/${NAME}${suffix}`;
  return {
    manifest_version: "0.3",
    name: NAME,
    display_name: "Luno",
    version: VERSION,
    description: DESCRIPTION,
    author: { name: `The authors of ${NAME}` },
    ...(home === undefined ? {} : { repository: { type: "git", url: home.url } }),
    license: LICENSE,
    keywords: KEYWORDS,
    server: {
      type: "binary",
      entry_point: program,
      mcp_config: {
        command: `\${__dirname}/${program}`,
        args: [],
        env: {
          LUNO_API_KEY: "${user_config.api_key_id}",
          LUNO_API_SECRET: "${user_config.api_secret}",
          LUNO_MCP_EXCHANGE: "${user_config.exchange}",
          LUNO_MCP_TRADING: "${user_config.trading}",
        },
      },
    },
    tools: tools.map(({ name, description }) => ({ name, description })),
    tools_generated: true,
    compatibility: { platforms: [os] },
    user_config: {
      api_key_id: setting("Luno API key id", "Without a key there is public market data only"),
      api_secret: {
        ...setting("Luno API key secret", "Kept by the client, given to the server alone"),
        sensitive: true,
      },
      exchange: setting("Exchange", "live, paper (the real market, paper funds) or simulated (no network)", "live"),
      trading: setting("Trading", "off, or confirm: a person approves each order", "off"),
    },
  };
}

function setting(title: string, description: string, preset = "") {
  return { type: "string", title, description, required: false, default: preset };
}
