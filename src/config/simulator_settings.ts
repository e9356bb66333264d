/** The settings of the simulated exchange that is served alone. */

import { oneOf, Text, wholeNumber } from "./readers.ts";
import { SERVER_SETTINGS } from "./server_settings.ts";
import type { Settings } from "./setting.ts";

/** What `simulator` understands. */
export const SIMULATOR_SETTINGS = {
  port: {
    schema: wholeNumber(0, 65_535),
    help: "port on loopback; 0 picks a free one",
    flag: "port",
    value: "number",
    env: [],
    default: "9000",
  },
  seed: SERVER_SETTINGS.seed,
  rateLimit: {
    schema: wholeNumber(0, 1_000_000),
    help: "calls per minute for each key; 0 disables the limit",
    flag: "rate-limit",
    value: "calls",
    env: [],
    default: "300",
  },
  tradesSince: {
    schema: oneOf("newest", "oldest"),
    help: "which 100 trades a request with since= returns",
    flag: "trades-since",
    value: "which",
    env: [],
    default: "newest",
  },
  faults: { schema: Text, help: "JSON file of faults to start with", flag: "faults", value: "path", env: [] },
  logLevel: SERVER_SETTINGS.logLevel,
  logFormat: SERVER_SETTINGS.logFormat,
} as const satisfies Settings;
