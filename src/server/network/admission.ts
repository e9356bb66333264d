/** Whether a request may run now, by its client's rate limit; refusals over HTTP are counted and logged right here. */

import { errorCodeIn } from "../../errors/error_table.ts";
import { logRefusal } from "../../monitoring/access_log.ts";
import type { AccessLogMode, RefusedRequest } from "../../monitoring/access_log.ts";
import type { Monitor } from "../../monitoring/monitor.ts";
import type { RateLimit } from "../../session/rate_limit.ts";
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

/** Asks the rate limit for every request of a client. */
export class AdmissionControl {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Says why a message is refused, if it is; whoever watches its channel counts that. */
  admitMessage(identity: string): RpcError | undefined {
    const admission = this.#options.rateLimit.take(identity);
    if (admission.ok) return undefined;
    const { retryAfterMs } = admission;
    return refusalOf(TOO_MANY, waitSentence(retryAfterMs), retryAfterMs);
  }

  /** The same for a request over Streamable HTTP. */
  admitHttp(identity: string, requestId: string | number | undefined): RpcError | undefined {
    const refusal = this.admitMessage(identity);
    if (refusal === undefined) return undefined;
    this.#options.monitor.refused(refusal.data);
    this.logRefusal(refusal, { identity, requestId });
    return refusal;
  }

  /** The same for a call over REST. */
  admitRest(identity: string): Response | undefined {
    const admission = this.#options.rateLimit.take(identity);
    if (admission.ok) return undefined;
    const { retryAfterMs } = admission;
    this.#options.monitor.refused({ code: TOO_MANY });
    logRefusal(this.#options.accessLog, { identity, code: TOO_MANY });
    return problemResponse({ code: TOO_MANY, message: waitSentence(retryAfterMs), retry_after_ms: retryAfterMs });
  }

  /** Writes a refused request to the access log. */
  logRefusal({ data, code }: RpcError, request: Omit<RefusedRequest, "code">): void {
    logRefusal(this.#options.accessLog, { ...request, code: errorCodeIn(data) ?? String(code) });
  }
}

function waitSentence(retryAfterMs: number): string {
  return `Too many requests: send the next one in ${retryAfterMs} ms`;
}
