/** The readers of settings: they turn the text of a flag, variable or file into a value, or say what was expected. */

import { isCredentialName } from "../access/credential_names.ts";
import { listWords } from "../text/list_words.ts";
import { ipVersion, isLoopback } from "../network/address.ts";
import { Secret } from "../secrets/secret.ts";
import { LOG_LEVELS } from "../logging/logger.ts";
import type { LogLevel } from "../logging/logger.ts";
import { readerOf, textWhere } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { secretProblem } from "./secret_text.ts";

/** Any text that is not empty. */
export const Text: Reader<string> = textWhere("a value", (text) => text !== "");

/** A secret text, without surrounding blanks and line ends. */
export const SecretText: Reader<Secret> = {
  read(text) {
    const value = text.trim();
    const problem = secretProblem(value);
    return problem === undefined ? { ok: true, value: new Secret(value) } : { ok: false, problem };
  },
};

/** An integer within bounds. */
export function wholeNumber(min: number, max: number): Reader<number> {
  return readerOf(`a whole number from ${min} to ${max}`, (text) => numberIn(text, /^\d{1,15}$/, { min, max }));
}

/** A decimal number within bounds. */
export function decimalNumber(min: number, max: number): Reader<number> {
  return readerOf(`a number from ${min} to ${max}`, (text) => numberIn(text, /^\d{1,9}(\.\d{1,6})?$/, { min, max }));
}

function numberIn(text: string, form: RegExp, { min, max }: { min: number; max: number }): number | undefined {
  const value = Number(text);
  return form.test(text) && value >= min && value <= max ? value : undefined;
}

/** One of several words, in any case. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Reader<Word> {
  const find = (text: string) => words.find((known) => known === text.toLowerCase());
  return readerOf(listWords(words), find, { words, isList: false });
}

/** Names of log levels in other libraries and syslog. */
const OTHER_LEVEL_NAMES: Readonly<Record<LogLevel, readonly string[]>> = {
  trace: ["verbose", "silly", "all", "notset"],
  debug: [],
  info: ["information", "notice"],
  warning: ["warn"],
  error: ["err", "severe"],
  fatal: ["critical", "crit", "alert", "emerg", "emergency", "panic"],
};

/** A log level by any of its usual names, in any case. */
export const Level: Reader<LogLevel> = readerOf(listWords(LOG_LEVELS), (text) => {
  const name = text.trim().toLowerCase();
  return LOG_LEVELS.find((level) => level === name || OTHER_LEVEL_NAMES[level].includes(name));
}, { words: LOG_LEVELS, isList: false });

/** A comma-separated selection of words, each at most once. */
export function someOf<const Word extends string>(...words: readonly Word[]): Reader<readonly Word[]> {
  const find = (text: string) => {
    const chosen = itemsOf(text.toLowerCase());
    const isKnown = chosen.every((part) => words.some((word) => word === part));
    return chosen.length > 0 && isKnown ? words.filter((word) => chosen.includes(word)) : undefined;
  };
  return readerOf(`a comma-separated list of ${listWords(words, "and")}`, find, { words, isList: true });
}

/** A comma-separated list of pairs. */
export const PairNames: Reader<readonly string[]> = readerOf("a comma-separated list of at most 200 pairs", (text) => {
  const pairs = itemsOf(text);
  return pairs.length > 0 && pairs.length <= 200 && pairs.every((pair) => pair.length <= 30) ? pairs : undefined;
});

/** The identity of a client, such as `local` or `key:alice`. */
export const Identity: Reader<string> = textWhere(
  "a name of at most 300 characters",
  ({ length }) => length > 0 && length <= 300,
);

/** The hash at the head of the audit log. */
export const Hash: Reader<string> = readerOf("64 hexadecimal digits, as audit verify prints them", (text) => {
  const hash = text.toLowerCase();
  return /^[0-9a-f]{64}$/.test(hash) ? hash : undefined;
});

const UNITS_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 };

/** Ten years of 365 days. */
const MAX_LIFETIME_MS = 3_650 * 86_400_000;

/** A duration such as `90d`, `12h` or `30m`, in milliseconds; or one of some words instead. */
export function lifetime<const Word extends string>(
  { minMs }: { minMs: number },
  ...words: readonly Word[]
): Reader<number | Word> {
  const duration = `a duration from ${minMs === 0 ? "0m" : "1m"} to 3650d, such as 90d, 12h or 30m`;
  return readerOf([duration, ...words].join(", or "), (text) => {
    const word = words.find((known) => known === text.toLowerCase());
    if (word !== undefined) return word;
    const [, digits, unit] = /^(\d{1,7})([dhm])$/i.exec(text) ?? [];
    const ms = Number(digits) * (UNITS_MS[unit?.toLowerCase() ?? ""] ?? NaN);
    return ms >= minMs && ms <= MAX_LIFETIME_MS ? ms : undefined;
  });
}

/** A comma-separated list whose items all satisfy a condition; may be empty. */
function listWhere(expected: string, holds: (item: string) => boolean): Reader<readonly string[]> {
  return readerOf(`a comma-separated list of ${expected}`, (text) => {
    const items = itemsOf(text);
    return items.every(holds) ? items : undefined;
  });
}

/** A comma-separated list of IP addresses and networks such as `10.0.0.0/8`. */
export const Networks: Reader<readonly string[]> = listWhere("IP addresses and networks such as 10.0.0.0/8", isNetwork);

/** A comma-separated list of `Host` header values: names or addresses, each with or without a port. */
export const HostHeaders: Reader<readonly string[]> = listWhere(
  "host names and addresses such as mcp.example.com, [::1] or 10.0.0.5:8765",
  (item) => isHost(item.replace(/(.):\d{1,5}$/, "$1")) && ipVersion(item) !== 6,
);

/** A comma-separated list of origins of web pages. */
export const WebOrigins: Reader<readonly string[]> = listWhere(
  "origins such as https://app.example.com, with the port where it is not the scheme's own, and without a path",
  (item) => URL.parse(item)?.origin === item.toLowerCase(),
);

/** A comma-separated list of names for a certificate: host names, also with a leading `*.`, and addresses. */
export const HostNames: Reader<readonly string[]> = readerOf(
  "a comma-separated list of at most 100 host names and IP addresses",
  (text) => {
    const names = itemsOf(text.toLowerCase()).map((part) => part.replace(/^\[(.*)\]$/, "$1"));
    const isUsable = (name: string) => ipVersion(name) !== undefined || CERTIFIED_NAME.test(name);
    return names.length > 0 && names.length <= 100 && names.every(isUsable) ? names : undefined;
  },
);

const CERTIFIED_NAME = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.|$))+$/;

/** The client's name in its certificate. */
export const CertificateName: Reader<string> = textWhere(
  "letters, digits, dots, dashes and underscores, at most 63",
  (text) => /^[a-z0-9][a-z0-9._-]{0,62}$/i.test(text),
);

/** The name under which a client lists a server. */
export const EntryName: Reader<string> = textWhere(
  "letters, digits, dashes and underscores, at most 64",
  (text) => /^[a-z0-9][a-z0-9_-]{0,63}$/i.test(text),
);

/** A name or an address to listen on. */
export const ListenHost: Reader<string> = textWhere(
  "a host name or an IP address, without scheme and port",
  (text) => isHost(text) || ipVersion(text) === 6,
);

/** A switch: `true` or `false`. */
export const Switch: Reader<boolean> = readerOf("true or false", (text) => {
  const word = text.toLowerCase();
  return word === "true" || word === "false" ? word === "true" : undefined;
}, { words: ["true", "false"], isList: false });

/** An http or https address; a bare host name means https. */
export const Address: Reader<URL> = readerOf("an http or https address without user name, path or query", (text) => {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`);
  const isUsable = isWithoutUser(url) && /^https?:$/.test(url.protocol) && url.pathname === "/" && url.search === "";
  return isUsable ? url : undefined;
});

/** An address of public keys, with its path; https, because these keys decide who is authenticated. */
export const KeysAddress: Reader<URL> = readerOf(
  "an https address without user name, or http on this machine",
  (text) => {
    const url = URL.parse(text);
    const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
    return isSafe && isWithoutUser(url) ? url : undefined;
  },
);

/** A ws or wss address; credentials in it are rejected, as servers ignore them and proxies could log them. */
export const SocketAddress: Reader<URL> = readerOf("a ws or wss address without user name and credential", (text) => {
  const url = URL.parse(text);
  const isUsable = isWithoutUser(url) && !url.searchParams.keys().some(isCredentialName);
  return isUsable && /^wss?:$/.test(url.protocol) ? url : undefined;
});

/** The address of the exchange's streams; wss when it has no scheme. */
export const StreamAddress: Reader<URL> = readerOf("a ws or wss address without user name, path or query", (text) => {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `wss://${text}`);
  const isUsable = isWithoutUser(url) && /^wss?:$/.test(url.protocol) && url.pathname === "/" && url.search === "";
  return isUsable ? url : undefined;
});

/** An address with neither a user name nor a fragment. */
function isWithoutUser(url: URL | null): url is URL {
  return url !== null && url.username === "" && url.password === "" && url.hash === "";
}

function itemsOf(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

function isHost(text: string): boolean {
  const address = /^\[(.*)\]$/.exec(text)?.[1];
  return address === undefined ? /^[a-z0-9]([a-z0-9._-]{0,252})$/i.test(text) : ipVersion(address) === 6;
}

function isNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const version = ipVersion(address);
  if (version === undefined || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32));
}
