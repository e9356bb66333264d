/** Finds API keys in a text, also such as were cut short or written in capitals: for hiding them. */
export const API_KEY_PATTERN = /lunomcp_[0-9a-f]{12}_[0-9a-f]+(?:_[0-9a-f]*)?/gi;
