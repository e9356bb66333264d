/** Rules between the settings of the shared state. */

import type { Origins } from "../parse.ts";
import type { ValuesOf } from "../setting.ts";
import type { SHARED_SETTINGS } from "../shared_settings.ts";

/** The address of the shared state, and its credentials. */
export type SharedConfig = Partial<ValuesOf<typeof SHARED_SETTINGS>>;

/** The source of each of them. */
export type SharedOrigins = Origins<typeof SHARED_SETTINGS>;

/** Every contradiction; settings that could not be read are ignored. */
export function sharedProblems(
  { sharedUrl, sharedCa, sharedPassword, sharedPasswordFile }: SharedConfig,
  origins: SharedOrigins,
): string[] {
  const problems: string[] = [];
  if (sharedUrl?.password !== undefined && ["flag", "config file"].includes(origins.sharedUrl)) {
    problems.push(
      "--shared-url: expected no password in it, as others can read it there: set LUNO_MCP_SHARED_PASSWORD, " +
        "LUNO_MCP_SHARED_PASSWORD_FILE, or LUNO_MCP_SHARED_URL with it",
    );
  }
  const given = [
    ...(sharedUrl?.password === undefined ? [] : ["LUNO_MCP_SHARED_URL"]),
    ...(sharedPassword === undefined ? [] : ["LUNO_MCP_SHARED_PASSWORD"]),
    ...(sharedPasswordFile === undefined ? [] : ["LUNO_MCP_SHARED_PASSWORD_FILE"]),
  ];
  if (given.length > 1) problems.push(`${given.join(", ")}: expected one password, ${given.length} are set`);
  if (sharedUrl === undefined && origins.sharedUrl === "unset" && origins.sharedCa === "flag") {
    problems.push("--shared-ca: only with --shared-url");
  }
  if (sharedUrl?.isSecure === false && sharedCa !== undefined) {
    problems.push("--shared-ca: expected rediss:// in --shared-url, as no certificate is asked for without");
  }
  return problems;
}

/** Settings that contradict a service of several servers. */
export function sharedSessionProblems(
  { sharedUrl, keepSessions }: { readonly sharedUrl?: unknown; readonly keepSessions?: boolean },
): string[] {
  if (sharedUrl === undefined || keepSessions !== true) return [];
  return ["--keep-sessions: not with --shared-url, which keeps sessions for all servers: leave one of the two out"];
}
