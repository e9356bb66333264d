/** The settings of the commands that explain a policy. */

import { z } from "zod";
import { oneOf, someOf, Switch, Text } from "./readers.ts";
import type { Settings } from "./setting.ts";

/** What `policy` understands; which of its words takes which is known by the command. */
export const POLICY_SETTINGS = {
  policy: {
    schema: Text,
    help: "policy file; without it, the built-in defaults are shown",
    flag: "policy",
    value: "path",
    env: ["LUNO_MCP_POLICY"],
    protects: true,
  },
  trading: {
    schema: oneOf("off", "confirm", "auto"),
    help: "--trading as the server is started: the upper bound of every mode",
    flag: "trading",
    value: "which",
    env: ["LUNO_MCP_TRADING"],
    default: "auto",
  },
  confirmBy: {
    schema: someOf("dialog", "page", "terminal"),
    help: "--confirm-by as the server is started: the only approval methods that count",
    flag: "confirm-by",
    value: "ways",
    env: ["LUNO_MCP_CONFIRM_BY"],
  },
  client: {
    schema: z.string().min(1).max(220),
    help: "identity to explain, such as local or key:alice",
    flag: "client",
    value: "identity",
    env: [],
  },
  schema: {
    schema: Switch,
    help: "print the JSON Schema of policy files instead",
    flag: "schema",
    env: [],
    default: "false",
  },
} as const satisfies Settings;
