/** The settings of the commands for paper trading. */

import { z } from "zod";
import { Text } from "./readers.ts";
import type { Settings } from "./setting.ts";

/** What `paper reset` understands. */
export const PAPER_SETTINGS = {
  client: {
    schema: z.string().min(1, { error: "expected a name" }).max(300, { error: "expected at most 300 characters" }),
    help: "identity whose paper accounts to reset, such as local or key:alice; default: all",
    flag: "client",
    value: "name",
    env: [],
  },
  state: {
    schema: Text,
    help: "state folder that holds the paper accounts; default: the user's state folder",
    flag: "state",
    value: "folder",
    env: ["LUNO_MCP_STATE"],
    protects: true,
  },
} as const satisfies Settings;
