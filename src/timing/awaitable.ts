/** Answers that may be there already: whoever has one goes on at once and pays for no promise. */

/** An answer, or one to come. */
export type Awaitable<Value> = Value | Promise<Value>;

/** Goes on with an answer: at once where it is there. */
export function whenAnswered<Value, Next>(
  answer: Awaitable<Value>,
  next: (value: Value) => Awaitable<Next>,
): Awaitable<Next> {
  return answer instanceof Promise ? answer.then(next) : next(answer);
}

/** The answer, with a failure handled, whether it comes at once or later. */
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

/** The answer; `end` is called once it is there, or has failed. */
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
  // Costs less than `finally`.
  if (answer instanceof Promise) return answer.then(ended, failed);
  end();
  return answer;
}
