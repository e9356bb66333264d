/** `config print`: every setting, its value and where it comes from. */

import { shownSettings } from "../config/print.ts";
import type { LoadedConfig } from "./exchange.ts";
import { screenOf } from "./terminal/screen.ts";
import { formatTable } from "./terminal/table.ts";
import { print } from "./world.ts";
import type { ExitCode, World } from "./world.ts";

/** Prints the configuration, as JSON by the names that a `--config` file has; secrets read `[redacted]`. */
export async function printConfig(
  loaded: LoadedConfig,
  world: World,
  { json, wide = false }: { json: boolean; wide?: boolean },
): Promise<ExitCode> {
  const rows = shownSettings(loaded, world.env);
  for (const warning of loaded.warnings) await print(world.stderr, warning);
  if (json || !world.stdout.isTerminal()) {
    const settings = rows.map(({ name, value, origin, why }) => [
      name.replace(/^--/, ""),
      { value, origin, ...(why === "" ? {} : { why }) },
    ]);
    await print(world.stdout, JSON.stringify({ settings: Object.fromEntries(settings) }));
  } else await print(world.stdout, formatTable(rows.map((row) => ({ ...row })), screenOf(world, { wide })));
  return 0;
}
