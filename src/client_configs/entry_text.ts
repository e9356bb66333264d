/** An entry in the format of a client's file. */

import type { Client } from "./clients.ts";
import { setServer } from "./edit_config.ts";
import type { ServerEntry } from "./read_config.ts";

/** A configuration with only this server, for pasting; variables are shown by name only. */
export function entryText(client: Client, name: string, { command = "", args, env }: ServerEntry): string {
  const hidden = Object.fromEntries(Object.keys(env).map((variable) => [variable, "[redacted]"]));
  const written = setServer(client, "", { name, entry: { command, args, env: hidden } });
  return written.ok ? written.text : written.problem;
}
