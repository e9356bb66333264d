/** What an operator typed, as a problem may repeat it. */

import { API_KEY_PATTERN } from "../access/api_key_pattern.ts";

const MAX_LENGTH = 200;

/** The text without the user name and password of an address and without API keys, at most 200 characters of it. */
export function hideSecrets(text: string): string {
  return text
    .replace(/^([a-z]+:\/\/.*|[^/]*)@/i, (login) => `${/^[a-z]+:\/\//i.exec(login)?.[0] ?? ""}[redacted]@`)
    .replace(API_KEY_PATTERN, "[redacted]")
    .slice(0, MAX_LENGTH);
}

/** That text in quotation marks. */
export function quoteTyped(text: string): string {
  return JSON.stringify(hideSecrets(text));
}
