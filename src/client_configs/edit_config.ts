/**
 * Changes one server in the text of a client's configuration: comments, order and spacing of everything else stay. The
 * result is parsed and compared with the intended configuration, so a text that the edit does not understand is refused
 * and never damaged.
 */

import { isDeepStrictEqual } from "node:util";
import { isObject } from "../validation/is_object.ts";
import type { Client } from "./clients.ts";
import { removeJsonMember, setJsonMember } from "./json_member.ts";
import type { Launch } from "./launch.ts";
import { parseJsonText, parseTomlText, withoutMark } from "./read_config.ts";
import type { Parsed } from "./read_config.ts";
import { removeTomlTable, setTomlTable } from "./toml_table.ts";

/** The content of an entry; its other members stay. */
export interface NewEntry extends Launch {
  /** Variables to add to the present ones. */
  readonly env: Readonly<Record<string, string>>;
}

/** The new text, or why there is none. */
export type Edited = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

type Members = Readonly<Record<string, unknown>>;

/** Adds a server or changes the one of this name. An empty text counts as an empty configuration. */
export function setServer(client: Client, text: string, { name, entry }: { name: string; entry: NewEntry }): Edited {
  return edit(client, text, {
    meant: (servers) => ({
      ...servers,
      [name]: { ...asMembers(servers[name]), ...membersOf(client, servers[name], entry) },
    }),
    json: (content, servers) =>
      Object.hasOwn(servers, name)
        ? Object.entries(membersOf(client, servers[name], entry)).reduce(
          (changed, [member, value]) => setJsonMember(changed, [client.servers, name, member], value),
          content,
        )
        : setJsonMember(content, [client.servers, name], membersOf(client, undefined, entry)),
    toml: (content, servers) => setTomlTable(content, [client.servers, name], membersOf(client, servers[name], entry)),
  });
}

/** Removes the server of this name. */
export function removeServer(client: Client, text: string, name: string): Edited {
  return edit(client, text, {
    meant: ({ [name]: _removed, ...others }) => others,
    json: (content) => removeJsonMember(content, [client.servers, name]),
    toml: (content) => removeTomlTable(content, [client.servers, name]),
  });
}

/** The intended result of an edit, and how to make it in each format. */
interface Edit {
  meant(servers: Members): Members;
  json(content: string, servers: Members): string;
  toml(content: string, servers: Members): string;
}

function edit({ format, servers: member }: Client, text: string, { meant, json, toml }: Edit): Edited {
  const parse: (content: string) => Parsed = format === "toml" ? parseTomlText : parseJsonText;
  const content = withoutMark(text);
  const before = parse(content);
  if (!before.ok) return before;
  const present = before.value[member] ?? {};
  if (!isObject(present)) return { ok: false, problem: `${member}: expected the servers by their names` };
  const servers: Members = present;
  const changed = (format === "toml" ? toml : json)(content, servers);
  const after = parse(changed);
  const wanted = withMember(before.value, member, meant(servers));
  if (
    !after.ok ||
    !isDeepStrictEqual(plain(withMember(after.value, member, asMembers(after.value[member]))), plain(wanted))
  ) {
    return {
      ok: false,
      problem: `${member}: cannot be changed safely as it is written here: change it by hand, see --print`,
    };
  }
  return { ok: true, text: text.slice(0, text.length - content.length) + changed };
}

/** An empty list of servers equals a missing one. */
function withMember(value: Members, member: string, servers: Members): Members {
  const { [member]: _servers, ...others } = value;
  return Object.keys(servers).length === 0 ? others : { ...others, [member]: servers };
}

/** Removes the prototypes that parsers give to objects. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, member) => typeof member === "bigint" ? `${member}n` : member));
}

function membersOf({ beside = {} }: Client, earlier: unknown, { command, args, env }: NewEntry): Members {
  const variables = { ...asMembers(asMembers(earlier).env), ...env };
  return { ...beside, command, args: [...args], ...(Object.keys(env).length === 0 ? {} : { env: variables }) };
}

function asMembers(value: unknown): Members {
  return isObject(value) ? value : {};
}
