/** Reports why a server does not start, in the configured log format. */

import { getLogger } from "../logging/logger.ts";
import type { Config } from "../config/server_settings.ts";
import { refuse } from "./report.ts";
import type { ExitCode, World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** Reports every problem, as text or as one JSON record; returns the exit code. */
export async function refuseStart(
  { logFormat }: Pick<Config, "logFormat">,
  world: World,
  problems: readonly string[],
): Promise<ExitCode> {
  if (logFormat === "text") return await refuse(world, problems);
  log.error("cannot start", { problems });
  return 2;
}

/** The requested format, as far as an invalid configuration tells. */
export function wantedFormat(flags: Readonly<Record<string, string>>, env: World["env"]): Config["logFormat"] {
  const [wanted] = [flags["log-format"], env("LUNO_MCP_LOG_FORMAT"), env("LOG_FORMAT")].filter((text) =>
    text !== undefined && text !== ""
  );
  return wanted?.toLowerCase() === "json" ? "json" : "text";
}
