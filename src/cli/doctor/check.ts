/** The interface of a check: it examines one part of the set-up, changes nothing, and reports problems with fixes. */

import { reasonOf } from "../../errors/reason_of.ts";
import type { Loaded } from "../../config/load.ts";
import type { Config } from "../../config/server_settings.ts";
import { createRedactor } from "../../secrets/redaction.ts";
import type { Redact } from "../../secrets/redaction.ts";
import { secretTexts } from "../../config/load.ts";
import { abortable, Deadline } from "../../timing/deadline.ts";
import type { World } from "../../world.ts";

/** The result of a check; `skipped`: not applicable, or it could not be tried; the text says why. */
export type CheckStatus = "ok" | "warning" | "broken" | "skipped";

/** One line of the report. */
export interface CheckResult {
  /** The subject of the check, such as `state folder`. */
  readonly name: string;
  readonly status: CheckStatus;
  readonly text: string;
  /** What to do; present whenever something is wrong. */
  readonly fix?: string;
}

/** The input of the checks. */
export interface CheckContext {
  readonly world: World;
  /** The configuration, or its problems. */
  readonly loaded: Loaded;
  /** The readable settings, and defaults for the others. */
  readonly config: Partial<Config>;
  /** The state folder; `undefined` when no setting names one. */
  readonly folder: string | undefined;
  /** Aborts when the check's time is up. */
  readonly signal: AbortSignal;
  /** Resolves a host name with the system's resolver. Rejects with a `code` when there is no address. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly limits: Limits;
}

/** How long doctor waits, in milliseconds. */
export interface Limits {
  /** For a whole check: longer than the calls of any check that wait for another process. */
  readonly checkMs: number;
  /** For the address of a name; the system alone may take half a minute. */
  readonly nameMs: number;
  /** For one answer of the exchange. */
  readonly callMs: number;
  /** An answer of the exchange that takes longer is reported as slow. */
  readonly slowMs: number;
  /** For all reads of the account together. */
  readonly accountMs: number;
  /** For keys that another process has locked, or whose database does not answer. */
  readonly keysMs: number;
  /** For a connection to the Redis that servers share. */
  readonly sharedMs: number;
  /** For the answer of a client's command: npx may have to download the package first. */
  readonly startMs: number;
}

/** What people wait for at most. */
export const LIMITS: Limits = {
  checkMs: 40_000,
  nameMs: 5_000,
  callMs: 5_000,
  slowMs: 2_000,
  accountMs: 8_000,
  keysMs: 2_000,
  sharedMs: 3_000,
  startMs: 30_000,
};

/** A named check. */
export interface Check {
  readonly name: string;
  readonly run: (context: CheckContext) => Promise<readonly CheckResult[]>;
}

/** Runs a check; one that fails or takes too long counts as broken, and the others continue. */
export async function runCheck(
  { name, run }: Check,
  context: Omit<CheckContext, "signal">,
): Promise<readonly CheckResult[]> {
  const { checkMs } = context.limits;
  using deadline = new Deadline(checkMs, [context.world.shutdown]);
  const { signal } = deadline;
  try {
    const late = () =>
      new Error(context.world.shutdown.aborted ? "it was interrupted" : `it was not done within ${checkMs / 1_000} s`);
    return await abortable(run({ ...context, signal }), signal, late);
  } catch (error) {
    const reason = reasonOf(error);
    return [broken(name, `cannot be checked: ${reason}`, "fix what the line names, then run doctor again")];
  }
}

/** Redacts the secrets of the configuration. */
export function redactorOf(loaded: Loaded): Redact {
  return createRedactor(loaded.ok ? secretTexts(loaded.credentials) : []);
}

/** Something that does not work; when the problem already says what to run, that is the fix. */
export function broken(name: string, problem: string, fix: string): CheckResult {
  return { name, status: "broken", ...withFix(problem, fix) };
}

/** Something that works but needs attention. */
export function warning(name: string, problem: string, fix: string): CheckResult {
  return { name, status: "warning", ...withFix(problem, fix) };
}

/** Something that works. */
export function ok(name: string, text: string): CheckResult {
  return { name, status: "ok", text };
}

/** Something that is absent, or could not be tried. */
export function skipped(name: string, text: string, fix?: string): CheckResult {
  return { name, status: "skipped", text, ...(fix === undefined ? {} : { fix }) };
}

/** Why parts that depend on several settings are not checked. */
export const NEEDS_CONFIGURATION = "not checked until the configuration is valid";

function withFix(problem: string, fix: string): { text: string; fix: string } {
  const [, text = problem, command = fix] = /^(.*): (run \S.*)$/s.exec(problem) ?? [];
  return { text, fix: command };
}
