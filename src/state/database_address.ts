/** The address of a PostgreSQL database, parsed once from the form that operators write. */

import { hostName, isLoopback } from "../network/address.ts";
import { Secret } from "../secrets/secret.ts";

/** Safe to show without its password: {@linkcode databaseName} formats it. */
export interface DatabaseAddress {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** The password in the address. */
  readonly password?: Secret;
  /** `verify-full` requires TLS and a certificate of a trusted authority for this host. */
  readonly sslMode: SslMode;
}

/** How a connection is protected. */
export type SslMode = "disable" | "verify-full";

/** Everything needed to connect to a database. */
export interface DatabaseAccess {
  readonly address: DatabaseAddress;
  /** PEM of the authorities to trust instead of the public ones. */
  readonly ca?: string;
  /** Reads the password for each connection, as it may change; without it the one in the address is used. */
  readonly password?: () => Promise<string>;
}

/** An address, or what was expected. */
export type ReadAddress =
  | { readonly ok: true; readonly value: DatabaseAddress }
  | { readonly ok: false; readonly problem: string };

const DEFAULT_PORT = 5432;
const WHOLE = "postgres://USER@HOST:PORT/DATABASE";

/**
 * Parses `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?sslmode=verify-full|disable]`. A problem quotes no part of
 * it.
 */
export function readDatabaseAddress(text: string): ReadAddress {
  const url = URL.parse(text.trim());
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === "" || url.hash !== "") {
    return { ok: false, problem: `expected an address such as ${WHOLE}` };
  }
  const parts = [url.username, url.password, url.pathname.slice(1)].map(decode);
  const [user, password, database] = parts;
  if (user === undefined || password === undefined || database === undefined) {
    return { ok: false, problem: "expected % only in front of two hexadecimal digits" };
  }
  if (user === "" || database === "" || database.includes("/")) {
    return { ok: false, problem: `expected a user and one database, as in ${WHOLE}` };
  }
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, "$1");
  const mode = sslModeOf(url.searchParams, host);
  if (!mode.ok) return mode;
  const port = url.port === "" ? DEFAULT_PORT : Number(url.port);
  const secret = password === "" ? {} : { password: new Secret(password) };
  return { ok: true, value: { host, port, database, user, sslMode: mode.sslMode, ...secret } };
}

/** The address for messages, without the password. */
export function databaseName({ host, port, database, user }: DatabaseAddress): string {
  return `postgres://${encodeURIComponent(user)}@${hostName(host)}:${port}/${encodeURIComponent(database)}`;
}

/** Modes between `disable` and `verify-full` do not prove the server's identity, so they are rejected. */
function sslModeOf(
  query: URLSearchParams,
  host: string,
): { readonly ok: true; readonly sslMode: SslMode } | { readonly ok: false; readonly problem: string } {
  const unknown = [...query.keys()].find((name) => name !== "sslmode");
  if (unknown !== undefined) {
    const known = "expected no parameter in the address but sslmode";
    return { ok: false, problem: unknown === "sslrootcert" ? `${known}: --state-ca names the authorities` : known };
  }
  const given = query.get("sslmode") ?? (isLoopback(host) ? "disable" : "verify-full");
  if (given !== "disable" && given !== "verify-full") {
    return { ok: false, problem: "expected sslmode=verify-full, or sslmode=disable on this machine" };
  }
  if (given === "disable" && !isLoopback(host)) {
    return { ok: false, problem: "expected sslmode=verify-full, as the database is on another machine" };
  }
  return { ok: true, sslMode: given };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
