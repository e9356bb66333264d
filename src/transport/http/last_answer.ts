/** A refused client is disconnected, so that each refusal costs it a connection. */

/** Statuses of refusals; 426 among them, as nothing but a WebSocket is served there. */
const REFUSALS = [401, 403, 408, 413, 426, 429];

/**
 * The same response, which ends its connection where it refuses. `isPublic` says that strangers reach the server: to them
 * 404 is a refusal too. The native listener tells the client to close, and cannot do it.
 */
export function endConnectionOfRefused(response: Response, { isPublic }: { isPublic: boolean }): Response {
  if (!REFUSALS.includes(response.status) && !(isPublic && response.status === 404)) return response;
  const connection = response.headers.get("connection");
  response.headers.set("connection", connection === null ? "close" : `${connection}, close`);
  return response;
}
