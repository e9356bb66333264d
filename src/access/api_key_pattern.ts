/** Matches API keys in a text, including truncated ones and capitals; for redaction. */
export const API_KEY_PATTERN = /lunomcp_[0-9a-f]{12}_[0-9a-f]+(?:_[0-9a-f]*)?/gi;
