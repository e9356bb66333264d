/** The settings of the database that several servers share, for every command that uses it. */

import { readDatabaseAddress } from "../state/database_address.ts";
import { SecretText, Text } from "./readers.ts";
import type { Settings } from "./setting.ts";

/** Without an address, everything is kept in the state folder. */
export const DATABASE_SETTINGS = {
  stateUrl: {
    reader: { read: readDatabaseAddress },
    help:
      "PostgreSQL database that several servers share, postgres://USER@HOST:PORT/DATABASE, instead of the state folder",
    flag: "state-url",
    value: "url",
    env: ["LUNO_MCP_STATE_URL"],
    protects: true,
    mayHoldSecret: true,
  },
  stateCa: {
    reader: Text,
    help: "PEM file of certificate authorities to trust for --state-url instead of the public ones",
    flag: "state-ca",
    value: "path",
    env: ["LUNO_MCP_STATE_CA_PATH"],
    protects: true,
  },
  statePassword: {
    reader: SecretText,
    help: "password of the user in --state-url",
    env: ["LUNO_MCP_STATE_PASSWORD"],
    secret: true,
  },
  statePasswordFile: {
    reader: Text,
    help: "file that holds this password, readable by its owner only; read again for each connection",
    env: ["LUNO_MCP_STATE_PASSWORD_FILE"],
    protects: true,
  },
} as const satisfies Settings;
