/** The address of a Redis or Valkey, parsed once from the form that operators write. */

import { hostName, isLoopback } from "../network/address.ts";
import { Secret } from "../secrets/secret.ts";

/** Safe to show without its password: {@linkcode redisName} formats it. */
export interface RedisAddress {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The number of the database. */
  readonly database: number;
  /** Whether to use TLS, with a certificate of a trusted authority for the host. */
  readonly isSecure: boolean;
  /** The ACL user; Redis's default user when absent. */
  readonly user?: string;
  /** The password in the address. */
  readonly password?: Secret;
  /** The prefix of all keys: servers with the same prefix form one service. */
  readonly prefix: string;
}

/** Everything needed to connect. */
export interface RedisAccess {
  readonly address: RedisAddress;
  /** PEM of the authorities to trust instead of the public ones. */
  readonly ca?: string;
  /** Reads the password for each connection, as it may change; without it the one in the address is used. */
  readonly password?: () => Promise<string>;
}

/** An address, or what was expected. */
export type ReadRedisAddress =
  | { readonly ok: true; readonly value: RedisAddress }
  | { readonly ok: false; readonly problem: string };

const DEFAULT_PORT = 6379;
const DEFAULT_PREFIX = "luno-mcp-server";
const MAX_DATABASE = 65_535;
const WHOLE = "rediss://USER@HOST:PORT";

/** Parses `redis[s]://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE][?prefix=NAME]`. A problem quotes no part of it. */
export function readRedisAddress(text: string): ReadRedisAddress {
  const url = URL.parse(text.trim());
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === "" || url.hash !== "") {
    return refuse(`expected an address such as ${WHOLE}`);
  }
  const [user, password] = [url.username, url.password].map(decode);
  if (user === undefined || password === undefined) {
    return refuse("expected % only in front of two hexadecimal digits");
  }
  const [, digits = "0"] = /^\/(\d{1,5})?$/.exec(url.pathname || "/") ?? [undefined, "none"];
  const database = Number(digits);
  if (!(database <= MAX_DATABASE)) return refuse("expected the number of a database behind the host, or nothing");
  const prefix = prefixOf(url.searchParams);
  if (prefix === undefined) {
    return refuse("expected no parameter in the address but prefix: letters, digits, dots and dashes, at most 64");
  }
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, "$1");
  const isSecure = url.protocol === "rediss:";
  if (!isSecure && !isLoopback(host)) return refuse("expected rediss://, as the host is another machine");
  const port = url.port === "" ? DEFAULT_PORT : Number(url.port);
  const named = user === "" ? {} : { user };
  const secret = password === "" ? {} : { password: new Secret(password) };
  return { ok: true, value: { host, port, database, isSecure, prefix, ...named, ...secret } };
}

/** The address for messages, without the password. */
export function redisName({ host, port, database, isSecure, user, prefix }: RedisAddress): string {
  const userPart = user === undefined ? "" : `${encodeURIComponent(user)}@`;
  const tail = prefix === DEFAULT_PREFIX ? "" : `?prefix=${prefix}`;
  return `${isSecure ? "rediss" : "redis"}://${userPart}${hostName(host)}:${port}/${database}${tail}`;
}

function prefixOf(query: URLSearchParams): string | undefined {
  if ([...query.keys()].some((name) => name !== "prefix") || query.getAll("prefix").length > 1) return undefined;
  const prefix = query.get("prefix") ?? DEFAULT_PREFIX;
  return /^[a-z0-9][a-z0-9.-]{0,63}$/i.test(prefix) ? prefix : undefined;
}

function refuse(problem: string): ReadRedisAddress {
  return { ok: false, problem };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
