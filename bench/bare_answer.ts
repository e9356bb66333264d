/** What bare servers answer: a requested number of bytes, prepared except for the request's id. */

const ENVELOPE = '{"jsonrpc":"2.0","id":1,"result":{"text":""}}';

/** Answers requests with `size` characters for one-digit ids, and messages without an id with nothing. */
export function answersOf(size: number): (request: string) => string | undefined {
  const answer = answersWithIdOf(size);
  return (request) => {
    const { id } = JSON.parse(request);
    return id === undefined ? undefined : answer(id);
  };
}

/** The same for HTTP, where REST requests have no id and are answered too. */
export function httpAnswersOf(size: number): (request: string) => string {
  const answer = answersWithIdOf(size);
  return (request) => {
    const { id = 1 } = JSON.parse(request);
    return answer(id);
  };
}

function answersWithIdOf(size: number): (id: unknown) => string {
  const result = JSON.stringify({ text: "x".repeat(Math.max(0, size - ENVELOPE.length)) });
  return (id) => `{"jsonrpc":"2.0","id":${id},"result":${result}}`;
}
