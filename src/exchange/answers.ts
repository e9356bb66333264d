/** From the bytes of an answer to a checked value, or to the error that it stands for. */

import { z } from "zod";
import { cleanText, ExchangeError, type Outcome } from "./errors.ts";
import { parseJson } from "./json.ts";
import { cannot, type Operation, toExchangeError } from "./refusals.ts";
import { parseRetryAfter } from "./retry.ts";
import type { WireAnswer } from "./wire.ts";

/** The shape of a refusal; both fields together make an answer one, whatever its status. */
const RefusalBody = z.object({ error: z.string(), error_code: z.string() });

const LUNO_CODE = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const TRACE_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Reads an answer.
 *
 * @throws {ExchangeError} when it refuses, or is not what the schema says
 */
export function readAnswer<Answer>(operation: Operation, schema: z.ZodType<Answer>, answer: WireAnswer): Answer {
  const { status } = answer;
  const traceId = traceIdOf(answer.headers);
  const json = parseBody(answer.body);
  const refusal = RefusalBody.safeParse(json);
  if (refusal.success || status < 200 || status > 299) {
    throw toExchangeError(operation, {
      status,
      traceId,
      lunoCode: refusal.success && LUNO_CODE.test(refusal.data.error_code) ? refusal.data.error_code : undefined,
      detail: cleanText(refusal.success ? refusal.data.error : answer.body) || undefined,
      retryAfterMs: parseRetryAfter(answer.headers),
    });
  }
  // "No content" is how a write may say that it worked.
  const content = status === 204 && operation.isWrite ? { success: true } : json;
  const checked = schema.safeParse(content);
  if (checked.success) return checked.data;
  const outcome: Outcome = operation.isWrite ? "unknown" : "none";
  throw new ExchangeError(cannot(operation, `the exchange ${describe(content, checked.error)}`, outcome), {
    code: "ERR_ANSWER_INVALID",
    // Cut off or from another hand, it may be whole next time; of another shape, it will stay so.
    retryable: content === undefined && outcome === "none",
    outcome,
    status,
    traceId,
    detail: content === undefined ? cleanText(answer.body) || undefined : undefined,
  });
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

function describe(content: unknown, error: z.ZodError): string {
  if (content === undefined) return "answered something else than JSON: try again later";
  const issue = error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? "the whole" : issue.path.join(".");
  return `answered in a shape that is not known here: ${field} is wrong`;
}
