/** The effect of each fault on a request or its response. */

import { parseJson } from "../../exchange/json.ts";
import { LUNO_ERRORS } from "../../exchange/luno_errors.ts";
import type { RequestFault } from "./faults.ts";
import { PLAIN_DECIMAL } from "../../money/decimals.ts";
import { bareNumber } from "./print_numbers.ts";
import { Refusal } from "../engine/refusal.ts";

/** The connection must be reset without a response. */
export class ConnectionReset extends Error {
  override readonly name = "ConnectionReset";
}

/**
 * The response of the first fault that prevents a request from taking effect; `undefined` when there is none.
 *
 * @throws {ConnectionReset} for a reset
 */
export function faultBefore(faults: readonly RequestFault[]): Response | undefined {
  for (const fault of faults) {
    const comesFirst = fault.kind === "too_many_requests" || ("when" in fault && fault.when === "before");
    const response = comesFirst ? replacement(fault) : undefined;
    if (response !== undefined) return response;
  }
  return undefined;
}

/**
 * Corrupts the response of a request that took effect.
 *
 * @throws {ConnectionReset} for a reset
 */
export async function faultAfter(faults: readonly RequestFault[], response: Response): Promise<Response> {
  let spoilt = response;
  for (const fault of faults) {
    if ("when" in fault && fault.when === "before") continue;
    const replaced = fault.kind === "too_many_requests" ? undefined : replacement(fault);
    spoilt = replaced ?? await distorted(fault, spoilt);
  }
  return spoilt;
}

function replacement(fault: RequestFault): Response | undefined {
  switch (fault.kind) {
    case "reset":
      throw new ConnectionReset();
    case "too_many_requests":
      return tooManyRequests(fault);
    case "server_error":
      return refusalResponse(new Refusal("ErrInternal"), { status: fault.status });
    case "luno_error":
      return refusalResponse(new Refusal(fault.code));
    case "html":
      return edgePage(fault.status);
    case "empty_body":
      return new Response(null, { status: 200, headers: { "content-type": "application/json" } });
    default:
      return undefined;
  }
}

/** An error in the exchange's form. */
export function refusalResponse(
  { code, message, status }: Refusal,
  options: { readonly status?: number; readonly withAction?: boolean } = {},
): Response {
  const body = { error: message, error_code: code, ...(options.withAction ? { error_action: {} } : {}) };
  return Response.json(body, { status: options.status ?? status });
}

/** A 429. */
export function tooManyRequests(
  { body, retryAfterSeconds }: { readonly body: "json" | "empty"; readonly retryAfterSeconds?: number | undefined },
): Response {
  const { status } = LUNO_ERRORS.ErrTooManyRequests;
  const response = body === "empty"
    ? new Response(null, { status })
    : refusalResponse(new Refusal("ErrTooManyRequests"));
  if (retryAfterSeconds !== undefined) response.headers.set("retry-after", String(retryAfterSeconds));
  return response;
}

function edgePage(status: number): Response {
  const html = `<!DOCTYPE html>\n<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center>` +
    "<hr><center>cloudflare</center></body></html>\n";
  return new Response(html, { status, headers: { "content-type": "text/html; charset=UTF-8" } });
}

async function distorted(fault: RequestFault, response: Response): Promise<Response> {
  const { status, headers } = response;
  switch (fault.kind) {
    case "truncated_json": {
      const text = await response.text();
      return new Response(text.slice(0, Math.floor(text.length / 2)), { status, headers });
    }
    case "wrong_json":
      return Response.json(["unexpected"], { status });
    case "wrong_types": {
      const parsed = parseJson(await response.text() || "null");
      return Response.json(withWrongTypes(parsed), { status });
    }
    default:
      return response;
  }
}

/** Without leading zeros, which JSON does not allow. */
function asJsonNumber(text: string): string {
  return text.replace(/^(-?)0+(?=\d)/, "$1");
}

/** Numeric texts become numbers, other texts lists; numbers and booleans become texts, and lists objects. */
function withWrongTypes(value: unknown): unknown {
  if (typeof value === "string") return PLAIN_DECIMAL.test(value) ? bareNumber(asJsonNumber(value)) : [value];
  if (Array.isArray(value)) return Object.fromEntries(value.map((item, place) => [place, withWrongTypes(item)]));
  if (typeof value !== "object" || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withWrongTypes(item)]));
}
