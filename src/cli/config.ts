/** `config print`: every setting, its value and where it comes from. */

import { shownSettings } from "../config/print.ts";
import type { LoadedConfig } from "./exchange.ts";
import { formatTable } from "./table.ts";
import { print } from "./world.ts";
import type { ExitCode, World } from "./world.ts";

/** Prints the configuration; secrets read `[redacted]`. */
export async function printConfig(loaded: LoadedConfig, world: World, { json }: { json: boolean }): Promise<ExitCode> {
  const rows = shownSettings(loaded);
  const asJson = json || !world.stdout.isTerminal();
  await print(
    world.stdout,
    asJson ? JSON.stringify(rows) : formatTable(rows.map((row) => ({ ...row, value: row.value ?? "" }))),
  );
  return 0;
}
