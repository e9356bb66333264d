/** Turns PostgreSQL errors into `StateError`s that say what to do. */

// @ts-types="@types/pg"
import pg from "pg";
import { reasonOf } from "../../../errors/reason_of.ts";
import { StateError } from "../../state_error.ts";
import type { StateFailure } from "../../state_error.ts";

/** The meaning of PostgreSQL error codes by prefix; the longest match counts. */
const MEANINGS: Readonly<Record<string, readonly [failure: StateFailure, meaning: string]>> = {
  "08": ["unavailable", "its connection broke"],
  "22": ["unusable", "it refused a value"],
  "23": ["damaged", "what is kept contradicts itself: restore it from a backup"],
  "25006": ["read_only", "it takes no changes, as a standby does: use the address of the primary"],
  "25P03": ["unavailable", "a transaction took too long"],
  "28": ["unusable", "it refused user or password: check them and its pg_hba.conf"],
  "3D000": ["unusable", "there is no such database: create it, or correct the address"],
  "3F000": ["unusable", "its tables are missing"],
  "40001": ["busy", "another process changed the same: try again"],
  "40P01": ["busy", "another process changed the same: try again"],
  "42501": ["unusable", "its user lacks a right: grant it what docs/scaling.md lists"],
  "42P01": ["unusable", "its tables are missing"],
  "53": ["unusable", "it lacks resources"],
  "53100": ["full", "its disk is full: free some space there"],
  "53300": ["overloaded", "it has no connection left: raise its max_connections, or run fewer servers"],
  "55P03": ["busy", "another process keeps it locked: try again, or end that process"],
  "57014": ["busy", "it took too long to answer: try again"],
  "57P": ["unavailable", "it is shutting down, starting or recovering"],
  "58": ["unusable", "its system failed: check its disk and its log"],
  P0001: ["damaged", "the audit log only accepts new rows"],
  "XX001": ["damaged", "it is damaged: restore it from a backup"],
  "XX002": ["damaged", "it is damaged: restore it from a backup"],
};

/** TLS error codes which mean that the server is not trusted, rather than unreachable. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|^ERR_TLS/;

/**
 * The error as a `StateError`; our own errors pass unchanged. `mayHaveDone`: whether the last request may have taken
 * effect when its answer is missing.
 */
export function postgresError(
  error: unknown,
  { path, mayHaveDone }: { readonly path: string; readonly mayHaveDone: boolean },
): unknown {
  if (error instanceof StateError || error instanceof TypeError || error instanceof RangeError) return error;
  if (!(error instanceof Error)) return error;
  if (mayHaveDone && !isDefinite(error)) {
    const message = `Cannot tell whether ${path} kept the last change as it did not answer: ${reasonOf(error)}`;
    return new StateError(message, { path, failure: "outcome_unknown", cause: error });
  }
  const [failure, meaning] = meaningOf(error);
  return new StateError(`Cannot use ${path} as ${meaning}`, { path, failure, cause: error });
}

/** Whether the server says that it has rolled back the statement. One that closes the connection may have committed. */
function isDefinite(error: Error): boolean {
  return error instanceof pg.DatabaseError && error.severity === "ERROR";
}

function meaningOf(error: Error): readonly [failure: StateFailure, meaning: string] {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (error instanceof pg.DatabaseError) {
    const known = [5, 3, 2].map((length) => MEANINGS[code.slice(0, length)]).find((meaning) => meaning !== undefined);
    const [failure, meaning] = known ?? ["unusable", "it refused"];
    return [failure, `${meaning}: it says: ${error.message}`];
  }
  if (/does not support SSL/i.test(error.message)) {
    return ["unusable", "it speaks no TLS, which is demanded: switch it on there (ssl = on)"];
  }
  if (UNTRUSTED.test(code) || /certificate/i.test(error.message)) {
    return ["unusable", `its certificate is not trusted: check --state-ca and the host name: ${error.message}`];
  }
  if (/^SASL/.test(error.message)) {
    return ["unusable", "its user needs a password: set LUNO_MCP_STATE_PASSWORD or LUNO_MCP_STATE_PASSWORD_FILE"];
  }
  return ["unavailable", `it cannot be reached or does not answer: ${error.message}`];
}
