/** The settings of the certificates for development. */

import { isIP } from "node:net";
import { z } from "zod";
import { Switch, Text } from "./readers.ts";
import type { Settings } from "./setting.ts";

const HostNames: z.ZodType<readonly string[], string> = z.string().transform((text, context) => {
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

/** What `certs create` understands. */
export const CERTS_SETTINGS = {
  dir: {
    schema: Text,
    help: "folder for the certificates and keys",
    flag: "dir",
    value: "path",
    env: [],
    default: "certs",
  },
  hosts: {
    schema: HostNames,
    help: "more names and IP addresses of the server, besides localhost",
    flag: "host",
    value: "names",
    env: [],
  },
  client: {
    schema: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, {
      error: "expected letters, digits, dots, dashes and underscores, at most 63",
    }),
    help: "name in the client's certificate",
    flag: "client",
    value: "name",
    env: [],
    default: "developer",
  },
  force: {
    schema: Switch,
    help: "overwrite existing files",
    flag: "force",
    env: [],
    default: "false",
  },
} as const satisfies Settings;
