/** JSON-RPC errors as HTTP responses. */

import type { RequestId } from "@modelcontextprotocol/server";
import type { RpcError } from "../json_rpc.ts";

/** An error, the id of its request if known, and its HTTP status. */
export interface RpcErrorResponse {
  readonly status: number;
  readonly error: RpcError;
  /** @default null */
  readonly id?: RequestId | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Creates the response. */
export function rpcError({ status, error, id = null, headers = {} }: RpcErrorResponse): Response {
  return Response.json({ jsonrpc: "2.0", id, error }, { status, headers });
}
