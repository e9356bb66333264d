/** `/_sim/faults`: reads, replaces and clears the faults of a running simulation. */

import { type Faults, parseFaults } from "./faults.ts";
import { BodyTooLargeError } from "../../network/body_text.ts";
import { readText } from "./request_form.ts";

/** The path of the faults. */
export const FAULTS_PATH = "/_sim/faults";

/** Answers GET (the present rules), PUT (a JSON list that replaces them) and DELETE (removes all). */
export async function answerFaultRequest(request: Request, faults: Faults): Promise<Response> {
  switch (request.method) {
    case "GET":
      return Response.json(faults.rules);
    case "DELETE":
      faults.set([]);
      return Response.json([]);
    case "PUT":
      return await replaceFaults(request, faults);
    default:
      return new Response(null, { status: 404 });
  }
}

async function replaceFaults(request: Request, faults: Faults): Promise<Response> {
  const value = await readJson(request);
  if (value === undefined) return refused(["expected a JSON list of at most 64 KiB"]);
  const parsed = parseFaults(value);
  if (!parsed.ok) return refused(parsed.problems);
  faults.set(parsed.faults);
  return Response.json(faults.rules);
}

function refused(problems: readonly string[]): Response {
  return Response.json({ error: "Cannot set faults", error_code: "ErrInvalidArguments", problems }, { status: 400 });
}

/** The body as JSON; `undefined` when it is none. */
async function readJson(request: Request): Promise<unknown> {
  try {
    return JSON.parse(await readText(request.body));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof BodyTooLargeError) return undefined;
    throw error;
  }
}
