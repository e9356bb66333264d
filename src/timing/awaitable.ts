/** Values that may already be there: using one then costs no promise and no turn of the event loop. */

/** A value, or a promise of one. */
export type Awaitable<Value> = Value | Promise<Value>;

/** Continues with a value: at once when it is already there. */
export function whenAnswered<Value, Next>(
  answer: Awaitable<Value>,
  next: (value: Value) => Awaitable<Next>,
): Awaitable<Next> {
  return answer instanceof Promise ? answer.then(next) : next(answer);
}

/** The value, with a failure handled in either case. */
export function attempt<Value>(
  make: () => Awaitable<Value>,
  failed: (error: unknown) => Awaitable<Value>,
): Awaitable<Value> {
  try {
    const answer = make();
    return answer instanceof Promise ? answer.catch(failed) : answer;
  } catch (error) {
    return failed(error);
  }
}

/** The value; `end` is called as soon as it is there or has failed. */
export function endedBy<Value>(make: () => Awaitable<Value>, end: () => void): Awaitable<Value> {
  const ended = (value: Value) => {
    end();
    return value;
  };
  const failed = (error: unknown) => {
    end();
    throw error;
  };
  let answer: Awaitable<Value>;
  try {
    answer = make();
  } catch (error) {
    end();
    throw error;
  }
  // Cheaper than `finally`.
  if (answer instanceof Promise) return answer.then(ended, failed);
  end();
  return answer;
}
