/** Turns the bytes of an answer into a checked value, or into the error that it stands for. */

import { z } from "zod";
import { AnswerMismatch } from "./answer_check.ts";
import { ExchangeError, type ExchangeErrorInfo, type Outcome } from "./errors.ts";
import { cleanText } from "../text/clean_text.ts";
import { parseJson } from "./json.ts";
import { cannot, type Operation, toExchangeError } from "./refusals.ts";
import { parseRetryAfter } from "./retry.ts";
import type { WireAnswer } from "./wire.ts";

/** The shape of a refusal; both fields together make an answer a refusal, whatever its status. */
const RefusalBody = z.object({ error: z.string().optional().catch(undefined), error_code: z.string() });

const LUNO_CODE = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const TRACE_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** How to read an answer. */
export interface Reading<Answer> {
  readonly schema: z.ZodType<Answer>;
  /**
   * Checks it against the request.
   *
   * @throws {AnswerMismatch}
   */
  readonly check: (answer: Answer) => Answer;
}

/**
 * Reads an answer; a long one in slices.
 *
 * @throws {ExchangeError} when it is a refusal, does not match the schema, or is for something else
 */
export async function readAnswer<Answer>(
  operation: Operation,
  reading: Reading<Answer>,
  answer: WireAnswer,
): Promise<Answer> {
  const { status } = answer;
  const traceId = traceIdOf(answer.headers);
  const json = parseBody(answer.body);
  const refusal = readRefusal(json, status);
  if (refusal !== undefined || status < 200 || status > 299) {
    throw toExchangeError(operation, {
      status,
      traceId,
      lunoCode: refusal !== undefined && LUNO_CODE.test(refusal.error_code) ? refusal.error_code : undefined,
      detail: cleanText(refusal?.error ?? answer.body) || undefined,
      retryAfterMs: parseRetryAfter(answer.headers),
    });
  }
  const outcome: Outcome = operation.isWrite ? "unknown" : "none";
  const invalid = (problem: string, info: Pick<ExchangeErrorInfo, "retryable" | "detail"> = {}): ExchangeError =>
    new ExchangeError(cannot(operation, `the exchange ${problem}`, outcome), {
      code: "ERR_ANSWER_INVALID",
      outcome,
      status,
      traceId,
      ...info,
    });
  // A write may report success by "No Content".
  const content = status === 204 && operation.isWrite ? { success: true } : json;
  if (content === undefined) {
    // A truncated answer, or one from a proxy, may be complete next time; one of another shape will not change.
    const detail = cleanText(answer.body) || undefined;
    throw invalid("answered something else than JSON: try again later", { retryable: outcome === "none", detail });
  }
  const read = await reading.schema.safeParseAsync(content);
  if (!read.success) throw invalid(`answered in a shape that is not known here: ${fieldOf(read.error)} is wrong`);
  try {
    return reading.check(read.data);
  } catch (error) {
    if (!(error instanceof AnswerMismatch)) throw error;
    throw invalid(`answered for something else: ${error.message}`);
  }
}

/** A refusal needs its code; with a success status also its text, as a normal answer may have fields of these names. */
function readRefusal(
  json: unknown,
  status: number,
): { readonly error_code: string; readonly error?: string | undefined } | undefined {
  const isSuccess = status >= 200 && status <= 299;
  const read = RefusalBody.safeParse(json);
  return read.success && (!isSuccess || read.data.error !== undefined) ? read.data : undefined;
}

/** The trace id of an answer, which Luno's support asks for. */
function traceIdOf(headers: Headers): string | undefined {
  const traceId = headers.get("x-luno-trace-id") ?? "";
  return TRACE_ID.test(traceId) ? traceId : undefined;
}

/** The JSON of a body, or `undefined` when it is none. */
function parseBody(body: string): unknown {
  try {
    return parseJson(body);
  } catch {
    return undefined;
  }
}

function fieldOf({ issues: [issue] }: z.ZodError): string {
  return issue === undefined || issue.path.length === 0 ? "the whole" : issue.path.join(".");
}
