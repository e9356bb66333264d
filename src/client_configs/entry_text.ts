/** An entry as a client's file has it. */

import type { Client } from "./clients.ts";
import { setServer } from "./edit_config.ts";
import type { ServerEntry } from "./read_config.ts";

/** A configuration with this server alone, to be pasted; variables are shown by name only. */
export function entryText(client: Client, name: string, { command = "", args, env }: ServerEntry): string {
  const hidden = Object.fromEntries(Object.keys(env).map((variable) => [variable, "[redacted]"]));
  const written = setServer(client, "", { name, entry: { command, args, env: hidden } });
  return written.ok ? written.text : written.problem;
}
