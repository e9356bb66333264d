/** How a client's command is tried without touching what belongs to orders: no account, no record, no approvals. */

import type { ServerEntry } from "../../client_configs/read_config.ts";
import { SERVER_SETTINGS } from "../../config/server_settings.ts";
import type { Config } from "../../config/server_settings.ts";

/** What decides whether a server opens a record at its start. */
const WRITING = ["trading", "policy", "confirmBy"] as const;

/** An entry, with what this program gets of it. */
interface Given {
  readonly entry: ServerEntry;
  /** What this program gets: the last of the entry's arguments. */
  readonly args: readonly string[];
  /** The same, as flags by name without dashes. */
  readonly flags: Readonly<Record<string, string>>;
}

/** Whether a server of this configuration opens a record at its start, and so creates one where there is none. */
export function opensRecord({ trading = "off", exchange }: Partial<Pick<Config, "trading" | "exchange">>): boolean {
  return trading !== "off" || exchange === "paper";
}

/** The same server without trading, and on the embedded exchange instead of a paper account. */
export function withoutTrading({ entry, args, flags }: Given, { exchange }: Pick<Config, "exchange">): ServerEntry {
  const left = [...WRITING, ...(exchange === "paper" ? ["exchange" as const] : [])].map((name) =>
    SERVER_SETTINGS[name]
  );
  const without = (values: Readonly<Record<string, string>>, names: readonly string[]) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
  const settings = {
    ...without(flags, left.map(({ flag }) => flag)),
    [SERVER_SETTINGS.trading.flag]: "off",
    ...(exchange === "paper" ? { [SERVER_SETTINGS.exchange.flag]: "simulated" } : {}),
  };
  return {
    ...entry,
    args: [
      ...entry.args.slice(0, entry.args.length - args.length),
      ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
    ],
    env: without(entry.env, ["ALLOW_WRITE_OPERATIONS", ...left.flatMap(({ env }) => env)]),
  };
}
