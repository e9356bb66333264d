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

/** Continues with a value or its failure, at once or later; failures of `answered` itself are not handled. */
export function concluded<Value, Next>(
  make: () => Awaitable<Value>,
  answered: (value: Value) => Next,
  failed: (error: unknown) => Next,
): Awaitable<Next> {
  let answer: Awaitable<Value>;
  try {
    answer = make();
  } catch (error) {
    return failed(error);
  }
  return answer instanceof Promise ? answer.then(answered, failed) : answered(answer);
}

/** The value; `end` is called as soon as it is there or has failed. */
export function endedBy<Value>(make: () => Awaitable<Value>, end: () => void): Awaitable<Value> {
  // Cheaper than `finally`.
  return concluded(make, (value) => {
    end();
    return value;
  }, (error) => {
    end();
    throw error;
  });
}
