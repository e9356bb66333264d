/**
 * How a WebSocket client requests a token for resuming its session on the next connection, and presents it: by a member
 * of `_meta` in its opening, or by a request of its own when it has no opening. `docs/websocket-transport.md` documents
 * the contract.
 */

import type { JSONRPCRequest } from "@modelcontextprotocol/server";
import { clauseOf } from "../errors/error_table.ts";
import type { KeptSubscription } from "../session/resumption_store.ts";
import type { ResumingConnection, ResumptionOutcome, Resumptions } from "../session/resumptions.ts";
import { whenAnswered } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { isObject } from "../validation/is_object.ts";
import type { Answer } from "./answer.ts";

/** The member of `_meta` in an opening and its answer. */
export const RESUMPTION_KEY = "com.luno.mcp-server/resumption";

/** The method for clients without an opening. */
const RESUME_METHOD = "resume_session";

const OPENINGS = ["initialize", "server/discover"];

/** Parts of a {@linkcode ConnectionResumption}. */
export interface ConnectionResumptionParts {
  readonly resumptions: Resumptions;
  readonly connection: ResumingConnection;
  /** Restores the client's subscriptions. */
  readonly goOn: (subscriptions: readonly KeptSubscription[]) => void;
}

/** The resumption of one connection. */
export class ConnectionResumption {
  readonly #parts: ConnectionResumptionParts;
  #isSuspended = false;
  /** Whether the client was sent a token and has sent nothing since. */
  #isUnconfirmed = false;

  constructor(parts: ConnectionResumptionParts) {
    this.#parts = parts;
  }

  /**
   * A promise of the answer to a request for resumption; `undefined` for all others. `resultJson` is the usual answer
   * to an opening. Never rejects.
   */
  answer({ method, params }: JSONRPCRequest, resultJson: string | undefined): Awaitable<Answer> | undefined {
    if (this.#isUnconfirmed) this.#confirm();
    if (method === RESUME_METHOD) {
      return whenAnswered(this.#open(params ?? {}), (outcome) => ({ result: resultOf(outcome) }));
    }
    if (resultJson === undefined || !OPENINGS.includes(method)) return undefined;
    const asked = params?._meta?.[RESUMPTION_KEY];
    if (asked === undefined) return undefined;
    return whenAnswered(this.#open(asked), (outcome) => {
      const result = JSON.parse(resultJson);
      return { result: { ...result, _meta: { ...result._meta, [RESUMPTION_KEY]: resultOf(outcome) } } };
    });
  }

  /** Whether the client can resume its session on another connection. */
  get isResumable(): boolean {
    return this.#parts.resumptions.isResumable(this.#parts.connection);
  }

  /** The client's subscriptions have changed; settles when that is stored. */
  changed(): Awaitable<void> {
    const { resumptions, connection } = this.#parts;
    if (!this.#isSuspended && !connection.isClosed) return resumptions.update(connection, connection.subscriptions);
  }

  /** From now on, whatever ends belongs to the end of the connection, not of the session. */
  suspend(): void {
    this.#isSuspended = true;
  }

  async #open(asked: unknown): Promise<ResumptionOutcome> {
    const { resumptions, connection, goOn } = this.#parts;
    const isNew = isObject(asked) && asked.token === undefined;
    if (isNew) return this.#answered(await resumptions.begin(connection));
    const outcome = await resumptions.resume(connection, isObject(asked) ? asked.token : asked);
    if (outcome.subscriptions !== undefined) goOn(outcome.subscriptions);
    return this.#answered(outcome);
  }

  #answered(outcome: ResumptionOutcome): ResumptionOutcome {
    this.#isUnconfirmed = outcome.token !== undefined;
    return outcome;
  }

  #confirm(): void {
    this.#isUnconfirmed = false;
    this.#parts.resumptions.confirm(this.#parts.connection);
  }
}

function resultOf({ token, expiresIn, subscriptions, refusal }: ResumptionOutcome): Record<string, unknown> {
  return {
    ...(token === undefined ? {} : { token, expires_in: expiresIn }),
    resumed: subscriptions !== undefined,
    ...(refusal === undefined ? {} : { error: { code: refusal, message: sentenceOf(refusal) } }),
  };
}

function sentenceOf(code: Parameters<typeof clauseOf>[0]): string {
  const clause = clauseOf(code);
  return `${clause.slice(0, 1).toUpperCase()}${clause.slice(1)}`;
}
