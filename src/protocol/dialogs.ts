/**
 * Dialogs that the client shows to the person in front of it (elicitation), in both eras: a call that needs one answers
 * what to ask, and is made again with the answer. 2025-era clients are asked by the SDK in between, in the same call.
 *
 * What comes back is the client's word. Its state is a secret that names one waiting order of one caller in the record,
 * and nothing else: that the order is sent once, in time, for its caller and for an unchanged call is seen to there. So
 * the answer may reach another process than the one that asked.
 */

import { createHash } from "node:crypto";
import { CLIENT_CAPABILITIES_META_KEY, inputRequired, inputResponse } from "@modelcontextprotocol/server";
import type { InputRequiredResult, Server, ServerContext, ServerOptions } from "@modelcontextprotocol/server";
import type { Asking } from "../trading/confirmation/confirmer.ts";
import { CONFIRMATION_LIFETIME_MS } from "../trading/record/approval.ts";
import { isObject } from "../validation/is_object.ts";

/** What states look like. */
const STATE = /^[A-Za-z0-9_-]{43}$/;

const QUESTION = "confirm";

/** One question for each call, and no longer than its state lasts. */
export const DIALOG_OPTIONS: Pick<ServerOptions, "inputRequired"> = {
  inputRequired: { maxRounds: 1, roundTimeoutMs: CONFIRMATION_LIFETIME_MS },
};

/** A call of a tool. */
interface Call {
  readonly name: string;
  readonly args: unknown;
}

/**
 * Checks the form of a state that came back.
 *
 * @throws {TypeError} it is none of ours
 */
export function verifyState(state: string): string {
  if (!STATE.test(state)) throw new TypeError("Cannot read the state as it has another form");
  return state;
}

/** Whether the client can show a dialog, and what the person answered in the one before. */
export function readAsking(call: Call, { server, context }: { server: Server; context: ServerContext }): Asking {
  const canElicit = hasDialogs(capabilitiesOf(server, context));
  const token = context.mcpReq.requestState<string>();
  if (token === undefined) return canElicit ? { canElicit, call: digestOf(call) } : { canElicit };
  const response = inputResponse(context.mcpReq.inputResponses, QUESTION);
  const accepted = response.kind === "elicit" && response.action === "accept" && response.content?.place === true;
  return { canElicit, call: digestOf(call), answer: { token, accepted } };
}

/** What a client is answered that is to ask a person. */
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

/** 2026-era clients say with each request what they can, older ones at their opening. */
function capabilitiesOf(server: Server, { mcpReq }: ServerContext): unknown {
  const envelope: object = mcpReq.envelope ?? {};
  return CLIENT_CAPABILITIES_META_KEY in envelope
    ? envelope[CLIENT_CAPABILITIES_META_KEY]
    : server.getClientCapabilities();
}

/** `{}` means forms, as it did before there were other modes. */
function hasDialogs(capabilities: unknown): boolean {
  if (!isObject(capabilities) || !isObject(capabilities.elicitation)) return false;
  const modes = Object.keys(capabilities.elicitation);
  return modes.length === 0 || modes.includes("form");
}

function digestOf({ name, args }: Call): string {
  return createHash("sha256").update(JSON.stringify([name, args ?? {}])).digest("hex");
}
