/** The settings of the Redis or Valkey in which several servers share state that may be lost. */

import { readRedisAddress } from "../state/redis_address.ts";
import { SecretText, Text } from "./readers.ts";
import type { Settings } from "./setting.ts";

/** Without an address, each server has limits of its own. */
export const SHARED_SETTINGS = {
  sharedUrl: {
    reader: { read: readRedisAddress },
    help:
      "Redis or Valkey over which several servers share limits, sessions, market data and calls to the exchange, rediss://USER@HOST:PORT",
    flag: "shared-url",
    value: "url",
    env: ["LUNO_MCP_SHARED_URL"],
    protects: true,
    mayHoldSecret: true,
  },
  sharedCa: {
    reader: Text,
    help: "PEM file of certificate authorities to trust for --shared-url instead of the public ones",
    flag: "shared-ca",
    value: "path",
    env: ["LUNO_MCP_SHARED_CA_PATH"],
    protects: true,
  },
  sharedPassword: {
    reader: SecretText,
    help: "password of the user in --shared-url",
    env: ["LUNO_MCP_SHARED_PASSWORD"],
    secret: true,
  },
  sharedPasswordFile: {
    reader: Text,
    help: "file that holds this password, readable by its owner only; read again for each connection",
    env: ["LUNO_MCP_SHARED_PASSWORD_FILE"],
    protects: true,
  },
} as const satisfies Settings;
