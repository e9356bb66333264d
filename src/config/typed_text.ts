/** Text that an operator entered, made safe to quote in a problem. */

import { API_KEY_PATTERN } from "../access/api_key_pattern.ts";
import { isCredentialName } from "../access/credential_names.ts";

const MAX_LENGTH = 200;

/** A query parameter and its value. */
const PARAMETER = /([?&])([^=&#\s]+)=[^&#\s]*/g;

/**
 * The text without the user name and password of an address, credentials in a query, and API keys; at most 200
 * characters.
 */
export function hideSecrets(text: string): string {
  return text
    .replace(/^([a-z]+:\/\/.*|[^/]*)@/i, (login) => `${/^[a-z]+:\/\//i.exec(login)?.[0] ?? ""}[redacted]@`)
    .replace(PARAMETER, (whole, before, name) => isCredentialName(name) ? `${before}${name}=[redacted]` : whole)
    .replace(API_KEY_PATTERN, "[redacted]")
    .slice(0, MAX_LENGTH);
}

/** That text in quotation marks. */
export function quoteTyped(text: string): string {
  return JSON.stringify(hideSecrets(text));
}
