/** Addresses of requests: few, and parsed again for every request. */

/** Addresses that are kept. */
const MAX_KEPT = 200;

/** What is longer is parsed each time, in characters. */
const MAX_LENGTH = 200;

const kept = new Map<string, URL | null>();

/** Parses an address; `null` for a text that is none. Others read the same object: nobody changes it. */
export function parseUrl(text: string): Readonly<URL> | null {
  const known = kept.get(text);
  if (known !== undefined) return known;
  const url = URL.parse(text);
  // A query or a user may hold a secret, which is forgotten with its request.
  if (text.length > MAX_LENGTH || /[?@]/.test(text)) return url;
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(text, url);
  return url;
}
