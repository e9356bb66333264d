/** What a check is: it looks at one part of the set-up, creates and changes nothing, and says what is wrong and how to fix it. */

import { reasonOf } from "../../errors/reason_of.ts";
import type { Loaded } from "../../config/load.ts";
import type { Config } from "../../config/server_settings.ts";
import { createRedactor } from "../../secrets/redaction.ts";
import type { Redact } from "../../secrets/redaction.ts";
import { secretTexts } from "../../config/load.ts";
import { abortable, Deadline } from "../../timing/deadline.ts";
import type { World } from "../../world.ts";

/** How a part stands; `skipped`: there is nothing to check, or it could not be tried, and the text says why. */
export type CheckStatus = "ok" | "warning" | "broken" | "skipped";

/** One line of the report. */
export interface CheckResult {
  /** What was checked, such as `state folder`. */
  readonly name: string;
  readonly status: CheckStatus;
  readonly text: string;
  /** What to do; present wherever something is wrong. */
  readonly fix?: string;
}

/** What checks look at. */
export interface CheckContext {
  readonly world: World;
  /** The configuration, or what is wrong with it. */
  readonly loaded: Loaded;
  /** What could be read of it, with the defaults of what nobody set. */
  readonly config: Partial<Config>;
  /** The state folder; `undefined` where nothing names one. */
  readonly folder: string | undefined;
  /** Aborts when the check's time is up. */
  readonly signal: AbortSignal;
  /** The addresses of a host name, as the system resolves it. Rejects with a `code` where there are none. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
}

/** A part of the set-up, with the function that looks at it. */
export interface Check {
  readonly name: string;
  readonly run: (context: CheckContext) => Promise<readonly CheckResult[]>;
}

/** Longer than the calls of any check take that wait for another process. */
const LIMIT_MS = 20_000;

/** Runs a check; one that fails or takes too long is broken itself, and the others go on. */
export async function runCheck(
  { name, run }: Check,
  context: Omit<CheckContext, "signal">,
  { limitMs = LIMIT_MS } = {},
): Promise<readonly CheckResult[]> {
  using deadline = new Deadline(limitMs, [context.world.shutdown]);
  const { signal } = deadline;
  try {
    const late = () =>
      new Error(context.world.shutdown.aborted ? "it was interrupted" : `it was not done within ${limitMs / 1_000} s`);
    return await abortable(run({ ...context, signal }), signal, late);
  } catch (error) {
    const reason = reasonOf(error);
    return [broken(name, `cannot be checked: ${reason}`, "fix what the line names, then run doctor again")];
  }
}

/** What no line may show. */
export function redactorOf(loaded: Loaded): Redact {
  return createRedactor(loaded.ok ? secretTexts(loaded.credentials) : []);
}

/** Something that does not work; where the problem says itself what to run, that is the fix. */
export function broken(name: string, problem: string, fix: string): CheckResult {
  return { name, status: "broken", ...withFix(problem, fix) };
}

/** Something that works and needs attention. */
export function warning(name: string, problem: string, fix: string): CheckResult {
  return { name, status: "warning", ...withFix(problem, fix) };
}

/** Something that works. */
export function ok(name: string, text: string): CheckResult {
  return { name, status: "ok", text };
}

/** Something that there is not, or that could not be tried. */
export function skipped(name: string, text: string, fix?: string): CheckResult {
  return { name, status: "skipped", text, ...(fix === undefined ? {} : { fix }) };
}

/** Why parts that stand on several settings are not looked at. */
export const NEEDS_CONFIGURATION = "not checked until the configuration is valid";

function withFix(problem: string, fix: string): { text: string; fix: string } {
  const [, text = problem, command = fix] = /^(.*): (run \S.*)$/s.exec(problem) ?? [];
  return { text, fix: command };
}
