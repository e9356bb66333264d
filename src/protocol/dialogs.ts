/**
 * Dialogs that the client shows to its user (elicitation), in both revisions: a call that needs one is answered with
 * the question, and repeated by the client with the person's answer. For revisions before 2026-07-28 the SDK asks
 * within the same call.
 *
 * The answer is the client's claim. Its state is a secret that identifies one waiting order of one caller in the
 * record, and nothing else; there it is ensured that the order is sent once, in time, for its caller and for an
 * unchanged call. So another process than the one that asked may receive the answer.
 */

import { createHash } from "node:crypto";
import { CLIENT_CAPABILITIES_META_KEY, inputRequired, inputResponse } from "@modelcontextprotocol/server";
import type { InputRequiredResult, Result, Server, ServerContext, ServerOptions } from "@modelcontextprotocol/server";
import type { Asking } from "../trading/confirmation/confirmer.ts";
import { CONFIRMATION_LIFETIME_MS } from "../trading/record/approval.ts";
import { isObject } from "../validation/is_object.ts";

/** The form of a state. */
const STATE = /^[A-Za-z0-9_-]{43}$/;

const QUESTION = "confirm";

/** One question per call, which expires with its state. */
export const DIALOG_OPTIONS: Pick<ServerOptions, "inputRequired"> = {
  inputRequired: { maxRounds: 1, roundTimeoutMs: CONFIRMATION_LIFETIME_MS },
};

/** A call of a tool. */
interface Call {
  readonly name: string;
  readonly args: unknown;
}

/**
 * Checks the form of a returned state.
 *
 * @throws {TypeError} when it is none of ours
 */
export function verifyState(state: string): string {
  if (!STATE.test(state)) throw new TypeError("Cannot read the state as it has another form");
  return state;
}

/** Whether the client can show a dialog, and the person's answer to the previous one. */
export function readAsking(call: Call, { server, context }: { server: Server; context: ServerContext }): Asking {
  const canElicit = hasDialogs(capabilitiesOf(server, context));
  const token = context.mcpReq.requestState<string>();
  if (token === undefined) return canElicit ? { canElicit, call: digestOf(call) } : { canElicit };
  const response = inputResponse(context.mcpReq.inputResponses, QUESTION);
  const accepted = response.kind === "elicit" && response.action === "accept" && response.content?.place === true;
  return { canElicit, call: digestOf(call), answer: { token, accepted } };
}

/** The answer that makes a client ask its user. */
export function showDialog({ token, text }: { token: string; text: string }): InputRequiredResult {
  return inputRequired({
    inputRequests: {
      [QUESTION]: inputRequired.elicit({
        message: `Place this order?\n\n${text}`,
        requestedSchema: {
          type: "object",
          properties: {
            place: {
              type: "boolean",
              title: "Place the order",
              description: "Yes, place exactly this order",
              default: false,
            },
          },
          required: ["place"],
        },
      }),
    },
    requestState: token,
  });
}

/** Whether a result is a question to the client's user. */
export function isQuestion(result: Result): boolean {
  return result["inputRequests"] !== undefined;
}

/** A call as it is repeated when nobody has answered its question. */
export function unansweredBy(context: ServerContext, question: Result): ServerContext {
  const state = question["requestState"];
  const mcpReq = { ...context.mcpReq, inputResponses: { [QUESTION]: { action: "cancel" as const } } };
  return { ...context, mcpReq: { ...mcpReq, requestState: <T>() => state as T } };
}

/** Clients of 2026-07-28 send their capabilities with each request, earlier ones in the opening. */
function capabilitiesOf(server: Server, { mcpReq }: ServerContext): unknown {
  const envelope: object = mcpReq.envelope ?? {};
  return CLIENT_CAPABILITIES_META_KEY in envelope
    ? envelope[CLIENT_CAPABILITIES_META_KEY]
    : server.getClientCapabilities();
}

/** `{}` means forms, the only mode that earlier versions had. */
function hasDialogs(capabilities: unknown): boolean {
  if (!isObject(capabilities) || !isObject(capabilities.elicitation)) return false;
  const modes = Object.keys(capabilities.elicitation);
  return modes.length === 0 || modes.includes("form");
}

function digestOf({ name, args }: Call): string {
  return createHash("sha256").update(JSON.stringify([name, args ?? {}])).digest("hex");
}
