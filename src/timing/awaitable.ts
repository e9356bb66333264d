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
