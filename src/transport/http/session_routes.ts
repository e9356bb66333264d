/** `/v1/sessions`: lists and ends sessions, for operators. */

import type { Caller } from "../../access/caller.ts";
import type { HttpParts } from "./parts.ts";
import { problemResponse } from "./problem.ts";

/** The path of the list and of ending by identity; a single session has a path below it. */
export const SESSIONS_PATH = "/v1/sessions";

const ID = /^[0-9a-f]{16}$/;

/** Longer than any identity. */
const MAX_IDENTITY = 300;

/** Characters of an unknown name that a problem repeats. */
const MAX_NAME = 60;

type Sessions = NonNullable<HttpParts["sessions"]>;

const UNCACHED = { "cache-control": "no-store" };

/** Answers `GET /v1/sessions`; with `?identity=` the sessions of one identity. */
export async function listSessions(sessions: Sessions, query: URLSearchParams): Promise<Response> {
  const problem = problemOf(query);
  if (problem !== undefined) return refused(`Cannot list sessions as ${problem}`);
  return Response.json(await sessions.list(query.get("identity") ?? undefined), { headers: UNCACHED });
}

/** Answers `DELETE /v1/sessions/{id}`, or `DELETE /v1/sessions?identity=` for all of an identity. */
export async function endSessions(
  sessions: Sessions,
  { caller, id, query }: { readonly caller: Caller; readonly id?: string; readonly query: URLSearchParams },
): Promise<Response> {
  const problem = problemOf(query);
  if (problem !== undefined) return refused(`Cannot end sessions as ${problem}`);
  const identity = query.get("identity");
  if (id !== undefined && ID.test(id) && identity === null) {
    return Response.json(await sessions.end({ id }, caller.identity), { headers: UNCACHED });
  }
  if (id === undefined && identity !== null && identity !== "" && identity.length <= MAX_IDENTITY) {
    return Response.json(await sessions.end({ identity }, caller.identity), { headers: UNCACHED });
  }
  return refused(
    `Cannot end sessions as expected ${SESSIONS_PATH}/ID with 16 hexadecimal digits, or ` +
      `${SESSIONS_PATH}?identity=IDENTITY`,
  );
}

/** A member that is unknown or repeated: what is ended must be what was meant. */
function problemOf(query: URLSearchParams): string | undefined {
  const names = [...query.keys()];
  const unknown = names.find((name) => name !== "identity");
  if (unknown !== undefined) {
    return `expected no query but identity: current value has ${JSON.stringify(unknown.slice(0, MAX_NAME))}`;
  }
  return names.length > 1 ? `expected one identity: current value has ${names.length}` : undefined;
}

function refused(message: string): Response {
  return problemResponse({ code: "ERR_REQUEST_REFUSED", message });
}
