/** `config print`: every setting, its value and source. */

import { shownSettings } from "../config/print.ts";
import type { ShownSetting } from "../config/print.ts";
import type { LoadedConfig } from "../config/load.ts";
import { screenOf } from "./terminal/screen.ts";
import type { Screen } from "./terminal/screen.ts";
import { formatTable } from "./terminal/table.ts";
import { wrapText } from "./terminal/width.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** Prints the configuration, as JSON with the names of a `--config` file; secrets read `[redacted]`. */
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
  } else {
    const screen = screenOf(world, { wide });
    const table = formatTable(rows.map(({ name, value, origin }) => ({ name, value, origin })), screen);
    await print(world.stdout, [table, ...reasons(rows, screen)].join("\n"));
  }
  return 0;
}

/** Why settings differ from what was read, or have no effect: one paragraph per reason. */
function reasons(rows: readonly ShownSetting[], { columns: width }: Screen): string[] {
  const byReason = Map.groupBy(rows.filter(({ why }) => why !== ""), ({ why }) => why);
  return [...byReason].map(([why, settings]) =>
    `\n${wrapText(`${settings.map(({ name }) => name).join(", ")}: ${why}`, { width, indent: 2 })}`
  );
}
