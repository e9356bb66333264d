/**
 * Dialogs that the client shows to the person in front of it (elicitation), in both eras: a call that needs one answers
 * what to ask, and is made again with the answer. 2025-era clients are asked by the SDK in between, in the same call.
 *
 * What comes back is the client's word. It is tied to the call by a signed state that names one waiting order of one
 * caller; that the order is sent once, and only in time, is seen to where it waits.
 */

import { createHash } from "node:crypto";
import {
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  inputResponse,
} from "@modelcontextprotocol/server";
import type {
  InputRequiredResult,
  RequestStateCodec,
  Server,
  ServerContext,
  ServerOptions,
} from "@modelcontextprotocol/server";
import type { Asking } from "../trading/confirmation/confirmer.ts";
import { isObject } from "../validation/is_object.ts";

/** How long a person may take for a dialog, in seconds. */
const STATE_SECONDS = 180;

const QUESTION = "confirm";

/** One question for each call, and no longer than its state lasts. */
export const DIALOG_OPTIONS: Pick<ServerOptions, "inputRequired"> = {
  inputRequired: { maxRounds: 1, roundTimeoutMs: STATE_SECONDS * 1_000 },
};

interface State {
  /** The order that waits. */
  readonly confirmation: string;
  /** The call that asked, which must come again unchanged. */
  readonly call: string;
}

/** A call of a tool. */
interface Call {
  readonly name: string;
  readonly args: unknown;
}

/** The dialogs of one server object. */
export class Dialogs {
  readonly #codec: RequestStateCodec<State>;

  /** `key` signs states; one for all server objects of a process, as each request may have its own. */
  constructor({ key, identityOf }: { key: Uint8Array; identityOf: (context: ServerContext) => string }) {
    const bind = (context: ServerContext) => `${context.mcpReq.method} ${identityOf(context)}`;
    this.#codec = createRequestStateCodec<State>({ key, ttlSeconds: STATE_SECONDS, bind });
  }

  /** Checks a state that came back. */
  get verify(): RequestStateCodec<State>["verify"] {
    return (state, context) => this.#codec.verify(state, context);
  }

  /** Whether the client can show a dialog, and what the person answered in the one before. */
  read(call: Call, { server, context }: { server: Server; context: ServerContext }): Asking {
    const canElicit = hasDialogs(capabilitiesOf(server, context));
    const state = context.mcpReq.requestState<State>();
    if (state === undefined) return { canElicit };
    const response = inputResponse(context.mcpReq.inputResponses, QUESTION);
    const isYes = response.kind === "elicit" && response.action === "accept" && response.content?.place === true;
    return { canElicit, answer: { id: state.confirmation, accepted: isYes && state.call === digestOf(call) } };
  }

  /** What a client is answered that is to ask a person. */
  async show(
    { id, text }: { id: string; text: string },
    { call, context }: { call: Call; context: ServerContext },
  ): Promise<InputRequiredResult> {
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
      requestState: await this.#codec.mint({ confirmation: id, call: digestOf(call) }, context),
    });
  }
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
