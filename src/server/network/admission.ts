/** Whether a request may run now, by its client's rate limit; HTTP rejections are counted and logged here. */

import { errorCodeIn } from "../../errors/error_table.ts";
import { logRefusal } from "../../monitoring/access_log.ts";
import type { AccessLogMode, RefusedRequest } from "../../monitoring/access_log.ts";
import type { Monitor } from "../../monitoring/monitor.ts";
import type { Admission, RateLimit } from "../../session/rate_limit.ts";
import { whenAnswered } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import { problemResponse } from "../../transport/http/problem.ts";
import { refusalOf } from "../../transport/json_rpc.ts";
import type { RpcError } from "../../transport/json_rpc.ts";

const TOO_MANY = "ERR_TOO_MANY_REQUESTS";

/** Settings of an {@linkcode AdmissionControl}. */
export interface AdmissionOptions {
  readonly rateLimit: RateLimit;
  readonly monitor: Monitor;
  readonly accessLog: AccessLogMode;
}

/** Checks the rate limit for every request of a client. */
export class AdmissionControl {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Returns why a message is refused, if it is; the observer of its channel counts that. */
  admitMessage(identity: string): Awaitable<RpcError | undefined> {
    return whenAnswered(this.#options.rateLimit.take(identity), refusalAsError);
  }

  /** The same for a request over Streamable HTTP. */
  admitHttp(identity: string, requestId: string | number | undefined): Awaitable<RpcError | undefined> {
    return whenAnswered(this.admitMessage(identity), (refusal) => {
      if (refusal === undefined) return undefined;
      this.#options.monitor.refused(refusal.data);
      this.logRefusal(refusal, { identity, requestId });
      return refusal;
    });
  }

  /** The same for a call over REST. */
  admitRest(identity: string): Awaitable<Response | undefined> {
    return whenAnswered(this.#options.rateLimit.take(identity), (admission) => {
      if (admission.ok) return undefined;
      const { retryAfterMs } = admission;
      this.#options.monitor.refused({ code: TOO_MANY });
      logRefusal(this.#options.accessLog, { identity, code: TOO_MANY });
      return problemResponse({ code: TOO_MANY, message: waitSentence(retryAfterMs), retry_after_ms: retryAfterMs });
    });
  }

  /** Writes a rejected request to the access log. */
  logRefusal({ data, code }: RpcError, request: Omit<RefusedRequest, "code">): void {
    logRefusal(this.#options.accessLog, { ...request, code: errorCodeIn(data) ?? String(code) });
  }
}

function refusalAsError(admission: Admission): RpcError | undefined {
  if (admission.ok) return undefined;
  const { retryAfterMs } = admission;
  return refusalOf(TOO_MANY, waitSentence(retryAfterMs), retryAfterMs);
}

function waitSentence(retryAfterMs: number): string {
  return `Too many requests: send the next one in ${retryAfterMs} ms`;
}
