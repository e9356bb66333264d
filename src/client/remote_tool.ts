/** Calls a tool of a server and returns the outcome as one value. */

import { ProtocolError, SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import type { Client } from "@modelcontextprotocol/client";
import { z } from "zod";
import { readJson } from "../text/read_json.ts";
import type { ConnectionError } from "./connection_error.ts";
import type { Session } from "./session.ts";

/** A tool in the list of a server. */
export type { Tool as RemoteTool } from "@modelcontextprotocol/client";

/** A tool and its arguments. */
export interface ToolRequest {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The outcome of a call. */
export type RemoteOutcome =
  | { readonly kind: "answer"; readonly value: Readonly<Record<string, unknown>> }
  /** The server is busy, or a limit was exceeded. */
  | { readonly kind: "refusal"; readonly code: string; readonly message: string; readonly retryAfterMs: number }
  /** `value` is the error as the server sent it. */
  | { readonly kind: "error"; readonly code: string; readonly message: string; readonly value: unknown }
  | { readonly kind: "disconnected"; readonly cause: ConnectionError };

/** An error in a tool's result. */
const ToolErrorText = z.object({
  error: z.looseObject({ code: z.string(), message: z.string(), retry_after_ms: z.number().min(0).optional() }),
});

/** What our server adds to protocol errors. */
const ErrorData = z.looseObject({ code: z.string().optional(), retryAfterMs: z.number().min(0).optional() });

const AnswerText = z.record(z.string(), z.unknown());

/** Calls `request` by the protocol's `tools/call`; rejects only when `signal` aborts or on an internal error. */
export async function callRemoteTool(
  { client, transport }: Session,
  request: ToolRequest,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<RemoteOutcome> {
  const { timeoutMs, signal } = options;
  try {
    const result = await client.callTool(
      { name: request.name, arguments: { ...request.args } },
      { timeout: timeoutMs, ...(signal === undefined ? {} : { signal }) },
    );
    return readResult(result);
  } catch (error) {
    if (signal?.aborted) throw error;
    if (transport.cause !== undefined) return { kind: "disconnected", cause: transport.cause };
    return readFailure(error);
  }
}

function readResult(result: Awaited<ReturnType<Client["callTool"]>>): RemoteOutcome {
  const [first] = result.content;
  const text = first?.type === "text" ? first.text : "";
  if (result.isError) {
    const { data } = ToolErrorText.safeParse(readJson(text));
    if (data === undefined) return { kind: "error", code: "ERR_TOOL", message: text.slice(0, 500), value: text };
    const { code, message, retry_after_ms: retryAfterMs } = data.error;
    return retryAfterMs === undefined
      ? { kind: "error", code, message, value: data.error }
      : { kind: "refusal", code, message, retryAfterMs };
  }
  const { data } = AnswerText.safeParse(result.structuredContent ?? readJson(text));
  return { kind: "answer", value: data ?? { text } };
}

function readFailure(error: unknown): RemoteOutcome {
  if (error instanceof ProtocolError) {
    const { code = `rpc ${error.code}`, retryAfterMs } = ErrorData.safeParse(error.data).data ?? {};
    const { message } = error;
    return retryAfterMs === undefined
      ? { kind: "error", code, message, value: { code: error.code, message, data: error.data } }
      : { kind: "refusal", code, message, retryAfterMs };
  }
  if (error instanceof SdkError) {
    const code = error.code === SdkErrorCode.RequestTimeout ? "ERR_TIMEOUT" : `ERR_${error.code}`;
    return { kind: "error", code, message: error.message, value: { code, message: error.message } };
  }
  throw error;
}
