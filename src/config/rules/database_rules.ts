/** Rules between the settings of the shared database. */

import type { DATABASE_SETTINGS } from "../database_settings.ts";
import type { Origins } from "../parse.ts";
import type { ValuesOf } from "../setting.ts";

/** The database and its credentials. */
export type DatabaseConfig = Partial<ValuesOf<typeof DATABASE_SETTINGS>>;

/** The source of each of them. */
export type DatabaseOrigins = Origins<typeof DATABASE_SETTINGS>;

/** Every contradiction; settings that could not be read are ignored. */
export function databaseProblems(
  { stateUrl, stateCa, statePassword, statePasswordFile }: DatabaseConfig,
  origins: DatabaseOrigins,
): string[] {
  const problems: string[] = [];
  if (stateUrl?.password !== undefined && ["flag", "config file"].includes(origins.stateUrl)) {
    problems.push(
      "--state-url: expected no password in it, as others can read it there: set LUNO_MCP_STATE_PASSWORD, " +
        "LUNO_MCP_STATE_PASSWORD_FILE, or LUNO_MCP_STATE_URL with it",
    );
  }
  const given = [
    ...(stateUrl?.password === undefined ? [] : ["LUNO_MCP_STATE_URL"]),
    ...(statePassword === undefined ? [] : ["LUNO_MCP_STATE_PASSWORD"]),
    ...(statePasswordFile === undefined ? [] : ["LUNO_MCP_STATE_PASSWORD_FILE"]),
  ];
  if (given.length > 1) problems.push(`${given.join(", ")}: expected one password, ${given.length} are set`);
  if (stateUrl === undefined && origins.stateUrl === "unset" && origins.stateCa === "flag") {
    problems.push("--state-ca: only with --state-url");
  }
  if (stateUrl?.sslMode === "disable" && stateCa !== undefined) {
    problems.push("--state-ca: expected sslmode=verify-full in --state-url, as no certificate is asked for without");
  }
  return problems;
}
