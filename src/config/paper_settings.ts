/** The settings of the commands for paper trading. */

import { z } from "zod";
import { Text } from "./readers.ts";
import type { Settings } from "./setting.ts";

/** What `paper reset` understands. */
export const PAPER_SETTINGS = {
  client: {
    schema: z.string().min(1, { error: "expected a name" }).max(300, { error: "expected at most 300 characters" }),
    help: "whose paper accounts, such as local or key:alice; without it, everybody's",
    flag: "client",
    value: "name",
    env: [],
  },
  state: {
    schema: Text,
    help: "folder that holds the paper accounts; without it, the user's folder for state",
    flag: "state",
    value: "folder",
    env: ["LUNO_MCP_STATE"],
    protects: true,
  },
} as const satisfies Settings;
