/** What bare servers answer: as many bytes as asked for, ready but for the request's id. */

const ENVELOPE = '{"jsonrpc":"2.0","id":1,"result":{"text":""}}';

/** Answers requests with `size` characters where their ids have one digit, and notifications with nothing. */
export function answersOf(size: number): (request: string) => string | undefined {
  const result = JSON.stringify({ text: "x".repeat(Math.max(0, size - ENVELOPE.length)) });
  return (request) => {
    const { id } = JSON.parse(request);
    return id === undefined ? undefined : `{"jsonrpc":"2.0","id":${id},"result":${result}}`;
  };
}
