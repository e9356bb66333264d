/** The settings of the commands for API keys. */

import { z } from "zod";
import { SCOPES } from "../access/scopes.ts";
import { someOf, Text } from "./readers.ts";
import { SERVER_SETTINGS } from "./server_settings.ts";
import type { Settings } from "./setting.ts";

const UNITS_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 };

/** Ten years of 365 days. */
const MAX_DURATION_MS = 3_650 * 86_400_000;

/** A duration such as `90d`, `12h` or `30m`, to milliseconds; or one of some words instead. */
function duration<const Word extends string>(
  minMs: number,
  ...words: readonly Word[]
): z.ZodType<number | Word, string> {
  return z.string().transform((text, context) => {
    const word = words.find((known) => known === text.toLowerCase());
    if (word !== undefined) return word;
    const [, digits, unit] = /^(\d{1,7})([dhm])$/i.exec(text) ?? [];
    const ms = Number(digits) * (UNITS_MS[unit?.toLowerCase() ?? ""] ?? NaN);
    if (ms >= minMs && ms <= MAX_DURATION_MS) return ms;
    const choices = ["a duration from ", minMs === 0 ? "0m" : "1m", " to 3650d, such as 90d, 12h or 30m"].join("");
    context.addIssue({ code: "custom", message: `expected ${[choices, ...words].join(", or ")}` });
    return z.NEVER;
  });
}

/** What `keys` understands; which of its words takes which is known by the command. */
export const KEYS_SETTINGS = {
  scopes: {
    schema: someOf(...SCOPES),
    help: `scopes of the new key: ${SCOPES.join(", ")}`,
    flag: "scopes",
    value: "scopes",
    env: [],
    default: "market:read",
  },
  expires: {
    schema: duration(60_000, "never"),
    help: "lifetime of a created or rotated key: 90d, 12h, 30m or never",
    flag: "expires",
    value: "duration",
    env: [],
    default: "90d",
  },
  overlap: {
    schema: duration<never>(0),
    help: "how long the old key still works after rotate",
    flag: "overlap",
    value: "duration",
    env: [],
    default: "7d",
  },
  state: {
    schema: Text,
    help: "state folder that holds the keys; default: the user's state folder",
    flag: "state",
    value: "folder",
    env: ["LUNO_MCP_STATE"],
    protects: true,
  },
  logFormat: SERVER_SETTINGS.logFormat,
} as const satisfies Settings;
