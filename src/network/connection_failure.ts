/** Short explanations of why a `fetch` failed. The runtime's own messages name its internals and the whole address. */

import { cleanText } from "../text/clean_text.ts";

/** What Deno puts before the cause: which client failed, and for which address. */
const CAUSE = /client error \(\w+\): (.+)$/s;

const KNOWN_CAUSES: readonly (readonly [RegExp, string])[] = [
  [/dns error/, "its name cannot be resolved"],
  [/connection refused/i, "connection refused"],
  [/network is unreachable/i, "the network is unreachable"],
  [/no route to host|host is unreachable/i, "there is no route to the host"],
  [/timed out/i, "the connection timed out"],
  [/certificate.*(UnknownIssuer|unknown issuer)/i, "its certificate is of an unknown authority"],
  [/certificate.*expired/i, "its certificate has expired"],
  [/certificate.*(NotValidForName|not valid for)/i, "its certificate is for another name"],
  [/connection reset|broken pipe/i, "it was reset"],
  [/connection closed|eof/i, "it was closed before the answer was complete"],
];

/** Why a request failed, in a few words; without the address, which may hold secret arguments. */
export function connectionFailure(error: unknown): string {
  const words = error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
  const cause = CAUSE.exec(words)?.[1];
  const known = KNOWN_CAUSES.find(([pattern]) => pattern.test(cause ?? words));
  return known?.[1] ?? (cause === undefined ? "no cause is known" : cleanText(cause).slice(0, 120));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}
