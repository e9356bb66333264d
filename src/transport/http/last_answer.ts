/** Disconnects rejected clients, so that each rejection costs them a connection. */

import { WholeAnswer } from "../listeners/whole_answer.ts";
import type { HttpAnswer } from "../listeners/whole_answer.ts";

/** Statuses of rejections; including 426, as these paths serve only WebSocket. */
const REFUSALS = [401, 403, 408, 413, 426, 429];

/**
 * The same answer, with its connection closed if it is a rejection. `isPublic`: strangers can reach the server, so
 * 404 counts as a rejection too. The native listener can only ask the client to close.
 */
export function endConnectionOfRefused(response: HttpAnswer, { isPublic }: { isPublic: boolean }): HttpAnswer {
  if (response instanceof WholeAnswer) return response;
  if (!REFUSALS.includes(response.status) && !(isPublic && response.status === 404)) return response;
  const connection = response.headers.get("connection");
  response.headers.set("connection", connection === null ? "close" : `${connection}, close`);
  return response;
}
