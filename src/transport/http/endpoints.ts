/** The paths of calls, `/mcp` and REST; the most frequent ones, so they are found without the router. */

import type { Awaitable } from "../../timing/awaitable.ts";
import type { Caller } from "../../access/caller.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import type { Peer } from "../listeners/listener.ts";
import { WholeAnswer } from "../listeners/whole_answer.ts";
import type { HttpAnswer } from "../listeners/whole_answer.ts";
import type { HttpParts } from "./parts.ts";
import { pathOf } from "./path.ts";
import { counted, whileAsking } from "./places.ts";
import { admitCaller } from "./request_checks.ts";

/** Response headers that pages on an allowed origin may read. */
export const EXPOSED_HEADERS = ["mcp-session-id", "mcp-protocol-version", "retry-after", "www-authenticate"];

/** Answers a request to one of them; `undefined` for any other path, and for a preflight. */
export function answerEndpoint(
  parts: HttpParts,
  { request, peer, conclude }: {
    readonly request: HttpRequest;
    readonly peer: Peer;
    /** Completes any answer. */
    readonly conclude: (answer: HttpAnswer) => HttpAnswer;
  },
): Awaitable<HttpAnswer> | undefined {
  const answer = request.method === "OPTIONS" ? undefined : endpointAt(parts, pathOf(request));
  if (answer === undefined) return undefined;
  const origin = request.headers.get("origin");
  const complete = origin === null ? conclude : (answer: HttpAnswer) => conclude(readableFor(origin, answer));
  const respond = (caller: Caller | Response): Awaitable<HttpAnswer> =>
    caller instanceof Response
      ? complete(caller)
      : counted(parts, { request, caller, peer, conclude: complete }, answer);
  const admitted = admitCaller(parts, request, peer);
  return admitted instanceof Promise
    ? whileAsking<HttpAnswer>(parts, peer, () => admitted.then(respond))
    : respond(admitted);
}

function endpointAt({ mcp, rest }: HttpParts, path: string): HttpParts["mcp"] | undefined {
  if (path === "/mcp") return mcp;
  // `rest` knows which of these exist.
  const isRest = path === "/v1/tools" || path.startsWith("/v1/tools/") || path === "/openapi.json";
  return isRest ? rest : undefined;
}

/** The origin was checked before: its pages may read the response. */
function readableFor(origin: string, answer: HttpAnswer): HttpAnswer {
  const headers = {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": EXPOSED_HEADERS.join(","),
  };
  if (answer instanceof WholeAnswer) return answer.with(headers);
  for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value);
  return answer;
}
