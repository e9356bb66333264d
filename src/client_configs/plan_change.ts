/** Plans the change of a client's file that adds or removes this program. */

import { serverArguments } from "./launch.ts";
import type { Launch } from "./launch.ts";
import type { Client } from "./clients.ts";
import { removeServer, setServer } from "./edit_config.ts";
import type { ClientConfig, ServerEntry } from "./read_config.ts";
import { findTarget } from "./replace_file.ts";

/** The requested change. */
export interface Wish {
  /** The server's name in the file. */
  readonly name: string;
  readonly launch: Launch;
  /** Arguments of the server; when absent, an existing entry of this program keeps its own. */
  readonly args?: readonly string[];
  /** Secrets to write to the file. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether to remove the server. */
  readonly isRemoval: boolean;
  /** Whether an entry of another program may be replaced or removed. */
  readonly force: boolean;
}

/** The change to write. */
export interface Change {
  readonly kind: "add" | "change" | "remove";
  readonly file: string;
  /** The present content of the file; `undefined` when it does not exist. */
  readonly before: string | undefined;
  readonly text: string;
  readonly earlier?: ServerEntry;
  readonly entry?: ServerEntry;
}

/** A change; or that none is needed; or why none is possible. */
export type Plan =
  | Change
  | { readonly kind: "none"; readonly file: string }
  | { readonly kind: "problem"; readonly problem: string };

/** Plans a change without writing anything. `file` is the present or future configuration. */
export async function planChange(
  client: Client,
  { config, file, wish }: { config: ClientConfig; file: string; wish: Wish },
): Promise<Plan> {
  if (config.state === "unreadable") return problem(config.problem);
  const before = config.state === "read" ? config.text : undefined;
  const servers = config.state === "read" ? config.servers : {};
  const earlier = Object.hasOwn(servers, wish.name) ? servers[wish.name] : undefined;
  if (wish.isRemoval && (earlier === undefined || before === undefined)) return { kind: "none", file };
  const kept = earlier && serverArguments(earlier, wish.launch);
  if (earlier !== undefined && kept === undefined && !wish.force) return problem(foreignEntry(file, earlier, wish));
  const entry = {
    command: wish.launch.command,
    args: [...wish.launch.args, ...wish.args ?? kept ?? []],
    env: wish.env,
  };
  const edited = wish.isRemoval
    ? removeServer(client, before ?? "", wish.name)
    : setServer(client, before ?? "", { name: wish.name, entry });
  if (!edited.ok) return problem(`${file}: ${edited.problem}`);
  if (edited.text === before) return { kind: "none", file };
  const target = await findTarget(file);
  if (!target.ok) return problem(target.problem);
  if (Object.keys(wish.env).length > 0 && target.mode !== undefined && (target.mode & 0o077) !== 0) {
    return problem(`${file}: can be read by others, and is to hold a secret: run chmod 600 ${file}`);
  }
  return {
    kind: wish.isRemoval ? "remove" : earlier === undefined ? "add" : "change",
    file,
    before,
    text: edited.text,
    ...(earlier === undefined ? {} : { earlier: kept === undefined ? withoutArguments(earlier) : earlier }),
    ...(wish.isRemoval ? {} : { entry: { ...entry, env: { ...earlier?.env, ...wish.env } } }),
  };
}

function problem(text: string): Plan {
  return { kind: "problem", problem: text };
}

function foreignEntry(file: string, { command, url }: ServerEntry, { name, isRemoval }: Wish): string {
  const program = JSON.stringify((command ?? url ?? "").slice(0, 200));
  const what = command === undefined ? "is reached by an address" : `starts another program, ${program}`;
  const way = isRemoval ? "remove it with --force" : "choose another --name, or replace it with --force";
  return `${file}: ${name} ${what}: ${way}`;
}

/** The arguments of another program may contain a secret. */
function withoutArguments({ args, url: _url, ...entry }: ServerEntry): ServerEntry {
  return { ...entry, args: args.map(() => "[redacted]") };
}
