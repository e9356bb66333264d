/** Parses the addresses of requests. There are few different ones, and each request brings one. */

/** Parsed addresses to remember. */
const MAX_KEPT = 200;

/** A longer address is not remembered, in characters. */
const MAX_LENGTH = 200;

const kept = new Map<string, URL | null>();

/** The address that was parsed last: most requests of a server have the same one. */
let lastText = "";
let lastUrl: URL | null = null;

/** Parses an address; `null` when it is none. The object is shared: callers must not change it. */
export function parseUrl(text: string): Readonly<URL> | null {
  if (text === lastText) return lastUrl;
  const known = kept.get(text);
  if (known !== undefined) {
    lastText = text;
    lastUrl = known;
    return known;
  }
  const url = URL.parse(text);
  // A query or user name may hold a secret, which must not outlive its request.
  if (text.length > MAX_LENGTH || /[?@]/.test(text)) return url;
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(text, url);
  return url;
}
