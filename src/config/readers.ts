/** Readers of settings: from the text that a flag, a variable or a file holds to a value, or to what was expected. */

import { isIP, isIPv6 } from "node:net";
import { z } from "zod";
import { listWords } from "../text/list_words.ts";
import { isLoopback } from "../network/address.ts";
import { Secret } from "../secrets/secret.ts";
import { secretProblem } from "./secret_text.ts";

/** Any text but an empty one. */
export const Text: z.ZodType<string, string> = z.string().min(1, { error: "expected a value" });

/** A text that no output may show; the blanks and line ends around it are left out. */
export const SecretText: z.ZodType<Secret, string> = z.string().transform((text, context) => {
  const value = text.trim();
  const problem = secretProblem(value);
  if (problem === undefined) return new Secret(value);
  context.addIssue({ code: "custom", message: problem });
  return z.NEVER;
});

/** A whole number within bounds. */
export function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  return z.string()
    .refine((text) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `expected a whole number from ${min} to ${max}`,
    })
    .transform(Number);
}

/** A number with decimals, within bounds. */
export function decimalNumber(min: number, max: number): z.ZodType<number, string> {
  return z.string()
    .refine((text) => /^\d{1,9}(\.\d{1,6})?$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `expected a number from ${min} to ${max}`,
    })
    .transform(Number);
}

/** The words that a reader knows, where only they are read. */
export interface Choices {
  readonly words: readonly string[];
  /** Whether several may be given, with commas between them. */
  readonly isList: boolean;
}

const CHOICES = new WeakMap<z.ZodType, Choices>();

/** The choices of a reader; `undefined` where it reads anything but some words. */
export function choicesOf(schema: z.ZodType): Choices | undefined {
  return CHOICES.get(schema);
}

function withChoices<Schema extends z.ZodType>(schema: Schema, words: readonly string[], isList = false): Schema {
  CHOICES.set(schema, { words, isList });
  return schema;
}

/** One of several words, in any case. */
export function oneOf<const Word extends string>(...words: readonly Word[]): z.ZodType<Word, string> {
  const schema = z.string().transform((text, context) => {
    const word = words.find((known) => known === text.toLowerCase());
    if (word !== undefined) return word;
    context.addIssue({ code: "custom", message: `expected ${listWords(words)}` });
    return z.NEVER;
  });
  return withChoices(schema, words);
}

/** Log levels, least severe first. */
const LOG_LEVELS = ["trace", "debug", "info", "warning", "error", "fatal"] as const;

/** A log level. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What other logging libraries and syslog call them. */
const OTHER_LEVEL_NAMES: Readonly<Record<LogLevel, readonly string[]>> = {
  trace: ["verbose", "silly", "all", "notset"],
  debug: [],
  info: ["information", "notice"],
  warning: ["warn"],
  error: ["err", "severe"],
  fatal: ["critical", "crit", "alert", "emerg", "emergency", "panic"],
};

/** A log level by any of its usual names, in any case. */
export const Level: z.ZodType<LogLevel, string> = withChoices(
  z.string().transform((text, context) => {
    const name = text.trim().toLowerCase();
    const level = LOG_LEVELS.find((level) => level === name || OTHER_LEVEL_NAMES[level].includes(name));
    if (level !== undefined) return level;
    context.addIssue({ code: "custom", message: `expected ${listWords(LOG_LEVELS)}` });
    return z.NEVER;
  }),
  LOG_LEVELS,
);

/** A comma-separated selection of words, each at most once. */
export function someOf<const Word extends string>(...words: readonly Word[]): z.ZodType<readonly Word[], string> {
  const schema = z.string().transform((text, context) => {
    const chosen = text.split(",").map((part) => part.trim().toLowerCase()).filter((part) => part !== "");
    const unknown = chosen.filter((part) => !words.some((word) => word === part));
    if (chosen.length > 0 && unknown.length === 0) return words.filter((word) => chosen.includes(word));
    context.addIssue({ code: "custom", message: `expected a comma-separated list of ${listWords(words, "and")}` });
    return z.NEVER;
  });
  return withChoices(schema, words, true);
}

/** A comma-separated list of pairs. */
export const PairNames: z.ZodType<readonly string[], string> = z.string().transform((text, context) => {
  const pairs = text.split(",").map((part) => part.trim()).filter((part) => part !== "");
  if (pairs.length > 0 && pairs.length <= 200 && pairs.every((pair) => pair.length <= 30)) return pairs;
  context.addIssue({ code: "custom", message: "expected a comma-separated list of at most 200 pairs" });
  return z.NEVER;
});

/** Who a client is, such as `local` or `key:alice`. */
export const Identity: z.ZodType<string, string> = z.string()
  .min(1, { error: "expected a name" }).max(300, { error: "expected at most 300 characters" });

/** The head of the audit log. */
export const Hash: z.ZodType<string, string> = z.string().toLowerCase()
  .regex(/^[0-9a-f]{64}$/, { error: "expected 64 hexadecimal digits, as audit verify prints them" });

const UNITS_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 };

/** Ten years of 365 days. */
const MAX_LIFETIME_MS = 3_650 * 86_400_000;

/** How long something is valid, such as `90d`, `12h` or `30m`, in milliseconds; or one of some words instead. */
export function lifetime<const Word extends string>(
  { minMs }: { minMs: number },
  ...words: readonly Word[]
): z.ZodType<number | Word, string> {
  return z.string().transform((text, context) => {
    const word = words.find((known) => known === text.toLowerCase());
    if (word !== undefined) return word;
    const [, digits, unit] = /^(\d{1,7})([dhm])$/i.exec(text) ?? [];
    const ms = Number(digits) * (UNITS_MS[unit?.toLowerCase() ?? ""] ?? NaN);
    if (ms >= minMs && ms <= MAX_LIFETIME_MS) return ms;
    const choices = ["a duration from ", minMs === 0 ? "0m" : "1m", " to 3650d, such as 90d, 12h or 30m"].join("");
    context.addIssue({ code: "custom", message: `expected ${[choices, ...words].join(", or ")}` });
    return z.NEVER;
  });
}

/** A comma-separated list of texts. */
export const List: z.ZodType<readonly string[], string> = z.string()
  .transform((text) => text.split(",").map((part) => part.trim()).filter((part) => part !== ""));

/** A comma-separated list of IP addresses and networks such as `10.0.0.0/8`. */
export const Networks: z.ZodType<readonly string[], string> = List.refine((items) => items.every(isNetwork), {
  error: "expected a comma-separated list of IP addresses and networks such as 10.0.0.0/8",
});

/** A comma-separated list of what `Host` headers say: names or addresses, each with a port or without. */
export const HostHeaders: z.ZodType<readonly string[], string> = List.refine(
  (items) => items.every((item) => isHost(item.replace(/(.):\d{1,5}$/, "$1")) && !isIPv6(item)),
  {
    error:
      "expected a comma-separated list of host names and addresses such as mcp.example.com, [::1] or 10.0.0.5:8765",
  },
);

/** A comma-separated list of origins of web pages. */
export const WebOrigins: z.ZodType<readonly string[], string> = List.refine(
  (items) => items.every((item) => URL.parse(item)?.origin === item.toLowerCase()),
  {
    error:
      "expected a comma-separated list of origins such as https://app.example.com, with the port where it is not " +
      "the scheme's own, and without a path",
  },
);

/** A comma-separated list of what a certificate can stand for: host names, `*.` in front included, and addresses. */
export const HostNames: z.ZodType<readonly string[], string> = z.string().transform((text, context) => {
  const names = text.split(",").map((part) => part.trim().toLowerCase().replace(/^\[(.*)\]$/, "$1"))
    .filter((part) => part !== "");
  const unusable = names.find((name) =>
    isIP(name) === 0 && !/^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.|$))+$/.test(name)
  );
  if (names.length > 0 && names.length <= 100 && unusable === undefined) return names;
  context.addIssue({
    code: "custom",
    message: "expected a comma-separated list of at most 100 host names and IP addresses",
  });
  return z.NEVER;
});

/** What a client's certificate calls it. */
export const CertificateName: z.ZodType<string, string> = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, {
  error: "expected letters, digits, dots, dashes and underscores, at most 63",
});

/** What a client calls a server. */
export const EntryName: z.ZodType<string, string> = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/i, {
  error: "expected letters, digits, dashes and underscores, at most 64",
});

/** A name or an address to listen on. */
export const ListenHost: z.ZodType<string, string> = z.string().refine((text) => isHost(text) || isIPv6(text), {
  error: "expected a host name or an IP address, without scheme and port",
});

function isHost(text: string): boolean {
  const address = /^\[(.*)\]$/.exec(text)?.[1];
  return address === undefined ? /^[a-z0-9]([a-z0-9._-]{0,252})$/i.test(text) : isIPv6(address);
}

/** What a switch reads: `true` or `false`. */
export const Switch: z.ZodType<boolean, string> = oneOf("true", "false").transform((word) => word === "true");

/** An http or https address; a bare host name means https. */
export const Address: z.ZodType<URL, string> = z.string().transform((text, context) => {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`);
  const usable = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" &&
    url.pathname === "/" && url.search === "" && url.hash === "";
  if (usable) return url;
  context.addIssue({ code: "custom", message: "expected an http or https address without user name, path or query" });
  return z.NEVER;
});

/** An address of public keys, with its path; https, as whoever answers there decides who is authenticated. */
export const KeysAddress: z.ZodType<URL, string> = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (url !== null && isSafe && url.username === "" && url.password === "" && url.hash === "") return url;
  context.addIssue({ code: "custom", message: "expected an https address without user name, or http on this machine" });
  return z.NEVER;
});

/** A ws or wss address. */
export const SocketAddress: z.ZodType<URL, string> = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const usable = url !== null && /^wss?:$/.test(url.protocol) && url.username === "" && url.password === "" &&
    url.hash === "";
  if (usable) return url;
  context.addIssue({ code: "custom", message: "expected a ws or wss address without user name" });
  return z.NEVER;
});

function isNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32));
}
