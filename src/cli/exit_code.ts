/**
 * The exit code of a command that has run a tool, so that a script need not parse the answer to know whether an order
 * exists: 0 success, 3 approval required, 4 unknown, 5 not done, 1 an error result.
 */

import { ERRORS, isErrorCode } from "../errors/error_table.ts";
import { isObject } from "../validation/is_object.ts";
import type { ExitCode } from "../world.ts";

type Answer = Readonly<Record<string, unknown>>;

/** For tools that change something at the exchange; all others exit with 0 once they have answered. */
type Reading = (answer: Answer) => ExitCode;

const AWAITING = 3;
const UNKNOWN = 4;
const NOT_DONE = 5;

/** The outcomes of an order; a status that is not listed counts as unknown. */
const PLACEMENTS: Readonly<Record<string, ExitCode>> = {
  placed: 0,
  awaiting_confirmation: AWAITING,
  unknown: UNKNOWN,
  not_placed: NOT_DONE,
};

/** 0 when the order is no longer open, whether it was cancelled, filled or ended by the exchange. */
const CANCELLATIONS: Readonly<Record<string, ExitCode>> = {
  cancelled: 0,
  filled: 0,
  ended: 0,
  open: UNKNOWN,
  not_found: NOT_DONE,
};

const readPlacement: Reading = ({ status }) => codeIn(PLACEMENTS, status);

const readReplacement: Reading = ({ status, placement }) => {
  if (status === "nothing_left" || status === "not_replaced") return NOT_DONE;
  return isObject(placement) ? readPlacement(placement) : codeIn(PLACEMENTS, status);
};

const READINGS: Readonly<Record<string, Reading>> = {
  place_order: readPlacement,
  create_order: readPlacement,
  replace_order: readReplacement,
  cancel_order: ({ status }) => codeIn(CANCELLATIONS, status),
  cancel_all_orders: ({ is_complete, remaining }) =>
    is_complete === true && Array.isArray(remaining) && remaining.length === 0 ? 0 : UNKNOWN,
};

/** The exit code of a tool's answer. */
export function exitCodeOf(tool: string, answer: Answer): ExitCode {
  return readingOf(tool)?.(answer) ?? 0;
}

/**
 * The exit code of a tool's error, whose code may come from another server: 1 when it is certain that nothing was done.
 */
export function exitCodeOfError(tool: string, code: string): ExitCode {
  const isUnknown = isErrorCode(code) && ERRORS[code].exit === UNKNOWN;
  return isUnknown ? exitCodeWithoutAnswer(tool) : 1;
}

/** The exit code when there is no answer, or none that is conclusive: the action may have happened. */
export function exitCodeWithoutAnswer(tool: string): ExitCode {
  return readingOf(tool) === undefined ? 1 : UNKNOWN;
}

function readingOf(tool: string): Reading | undefined {
  return Object.hasOwn(READINGS, tool) ? READINGS[tool] : undefined;
}

function codeIn(codes: Readonly<Record<string, ExitCode>>, status: unknown): ExitCode {
  return Object.entries(codes).find(([known]) => known === status)?.[1] ?? UNKNOWN;
}
