import type { Caller } from "../../access/caller.ts";
import type { Answer } from "../../protocol/answer.ts";
import { LazyAbort } from "../../timing/lazy_abort.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import type { PlainRequest } from "./plain_request.ts";

/** A running plain request: it ends with its answer, when its client leaves, or when it is ended. */
export class RunningCall {
  /** `undefined` when it has ended without an answer. */
  readonly answer: Promise<Answer | undefined>;
  readonly #cancellation: LazyAbort;
  readonly #resolve: (answer: Answer | undefined) => void;

  private constructor(answer: Promise<Answer>, { signal }: HttpRequest, cancellation: LazyAbort) {
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    this.#cancellation = cancellation;
    this.#resolve = resolve;
    const leave = () => this.end();
    signal.addEventListener("abort", leave, { once: true });
    this.answer = promise.finally(() => signal.removeEventListener("abort", leave));
    void answer.then(resolve);
    if (signal.aborted) leave();
  }

  /** Starts a call: returns its answer if that is available at once, otherwise the running call. */
  static begin(
    plain: PlainRequest,
    { request, caller }: { readonly request: HttpRequest; readonly caller: Caller },
  ): Answer | RunningCall {
    const cancellation = new LazyAbort();
    const answer = plain.answer({ caller, cancellation });
    return answer instanceof Promise ? new RunningCall(answer, request, cancellation) : answer;
  }

  /** Ends it; `answer` replaces its own. */
  end(answer?: Answer): void {
    this.#cancellation.abort();
    this.#resolve(answer);
  }
}
