/** Turns refusals into our errors: what Luno's codes and HTTP statuses mean. */

import type { Permission } from "./endpoint.ts";
import { ExchangeError, type ExchangeErrorCode, type Outcome } from "./errors.ts";
import { findLunoErrorCode, LUNO_ERRORS, type LunoErrorCategory, type LunoErrorCode } from "./luno_errors.ts";

/** The facts about a call that its errors need. */
export interface Operation {
  /** In the imperative, such as "Read the ticker of one pair". */
  readonly title: string;
  readonly permission: Permission;
  readonly isWrite: boolean;
}

/** A response that is a refusal. */
export interface Refusal {
  readonly status: number;
  /** The `error_code`, when the body has one. */
  readonly lunoCode?: string | undefined;
  readonly detail?: string | undefined;
  readonly traceId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** The pause after a 429 without `Retry-After`. */
const RATE_LIMIT_PAUSE_MS = 2_000;

const CODE_OF_CATEGORY: Readonly<Record<LunoErrorCategory, ExchangeErrorCode>> = {
  "account-policy": "ERR_ACCOUNT_POLICY",
  "auth": "ERR_CREDENTIALS_REFUSED",
  "duplicate": "ERR_DUPLICATE",
  "funds": "ERR_INSUFFICIENT_FUNDS",
  "legacy": "ERR_PAIR_UNKNOWN",
  "market-state": "ERR_ORDER_REFUSED",
  "not-found": "ERR_NOT_FOUND",
  "order": "ERR_ORDER_REFUSED",
  "rate-limit": "ERR_RATE_LIMITED",
  "server": "ERR_UNAVAILABLE",
  "validation": "ERR_ARGUMENT_REFUSED",
};

/** Codes whose meaning differs from that of their category. */
const CODE_OF_LUNO_CODE: Partial<Record<LunoErrorCode, ExchangeErrorCode>> = {
  ErrInsufficientPerms: "ERR_PERMISSION_MISSING",
  ErrInvalidCurrency: "ERR_CURRENCY_UNKNOWN",
  ErrInvalidMarketPair: "ERR_PAIR_UNKNOWN",
  ErrMarketUnavailable: "ERR_MARKET_CLOSED",
  ErrPostOnlyMode: "ERR_MARKET_CLOSED",
  ErrUnderMaintenance: "ERR_MARKET_CLOSED",
};

const CODE_OF_STATUS: ReadonlyMap<number, ExchangeErrorCode> = new Map([
  [401, "ERR_CREDENTIALS_REFUSED"],
  [403, "ERR_FORBIDDEN"],
  [404, "ERR_NOT_FOUND"],
  [409, "ERR_DUPLICATE"],
  [429, "ERR_RATE_LIMITED"],
]);

/** Statuses that show, even without a code, that a write had no effect. */
const REFUSED_UNREAD: ReadonlySet<number> = new Set([401, 403, 404, 405, 413, 414, 415, 429]);

/** Turns a refusal into an error for the caller. */
export function toExchangeError(operation: Operation, refusal: Refusal): ExchangeError {
  const { status, lunoCode, detail, traceId } = refusal;
  const code = codeOf(refusal);
  const outcome = outcomeOf(operation, refusal);
  const row = knownRow(lunoCode);
  const mayHelp = row === undefined
    ? code === "ERR_RATE_LIMITED" || code === "ERR_UNAVAILABLE"
    : row.retry !== "no" && row.retry !== "treat-as-done";
  const retryAfterMs = refusal.retryAfterMs ?? (code === "ERR_RATE_LIMITED" ? RATE_LIMIT_PAUSE_MS : undefined);
  return new ExchangeError(cannot(operation, reasonOf(code, operation, refusal), outcome), {
    code,
    retryable: mayHelp && outcome === "none",
    retryAfterMs,
    outcome,
    lunoCode,
    status,
    traceId,
    detail,
  });
}

/** The sentence of an error: what was not done and why, and for a write of unknown outcome what to do first. */
export function cannot(operation: Pick<Operation, "title">, reason: string, outcome: Outcome = "none"): string {
  const action = operation.title.charAt(0).toLowerCase() + operation.title.slice(1);
  const caution = outcome === "unknown"
    ? "; it may have taken effect all the same: look it up before repeating it"
    : "";
  return `Cannot ${action} as ${reason}${caution}`;
}

function codeOf({ lunoCode, status }: Refusal): ExchangeErrorCode {
  const known = lunoCode === undefined ? undefined : findLunoErrorCode(lunoCode);
  if (known !== undefined) return CODE_OF_LUNO_CODE[known] ?? CODE_OF_CATEGORY[LUNO_ERRORS[known].category];
  return CODE_OF_STATUS.get(status) ?? (status >= 500 ? "ERR_UNAVAILABLE" : "ERR_EXCHANGE");
}

function outcomeOf(operation: Operation, { lunoCode, status }: Refusal): Outcome {
  if (!operation.isWrite) return "none";
  if (status >= 500) return "unknown";
  const row = knownRow(lunoCode);
  if (row !== undefined) return row.retry === "check-first" || row.category === "server" ? "unknown" : "none";
  if (REFUSED_UNREAD.has(status)) return "none";
  return lunoCode !== undefined && status >= 400 ? "none" : "unknown";
}

function reasonOf(code: ExchangeErrorCode, operation: Operation, { lunoCode, status }: Refusal): string {
  const meaning = knownRow(lunoCode)?.message.replace(/\.$/, "");
  const said = meaning === undefined ? `(status ${status})` : `(${lunoCode}: ${meaning})`;
  const advice = adviceOf(code, operation);
  return `the exchange ${VERDICT[code] ?? "refused it"} ${said}${advice === undefined ? "" : `: ${advice}`}`;
}

const VERDICT: Partial<Record<ExchangeErrorCode, string>> = {
  ERR_CREDENTIALS_REFUSED: "refused the credentials",
  ERR_FORBIDDEN: "refused this client",
  ERR_NOT_FOUND: "found nothing there",
  ERR_RATE_LIMITED: "accepts no more calls for now",
  ERR_UNAVAILABLE: "failed",
};

function adviceOf(code: ExchangeErrorCode, { permission, isWrite }: Operation): string | undefined {
  switch (code) {
    case "ERR_CREDENTIALS_REFUSED":
      return "check LUNO_API_KEY and LUNO_API_SECRET, and that the key is confirmed and not revoked";
    case "ERR_PERMISSION_MISSING":
      return permission.startsWith("Perm_") ? `give the key ${permission}` : "give the key more permissions";
    case "ERR_RATE_LIMITED":
      return "try again later";
    case "ERR_UNAVAILABLE":
      return isWrite ? undefined : "try again later";
    case "ERR_DUPLICATE":
      return "fetch the earlier request of this key and compare";
    default:
      return undefined;
  }
}

function knownRow(lunoCode: string | undefined) {
  const known = lunoCode === undefined ? undefined : findLunoErrorCode(lunoCode);
  return known && LUNO_ERRORS[known];
}
