import { parseUrl } from "../../network/parse_url.ts";

/** The address that was asked for last, and its path: each request asks several times. */
let lastUrl: string | undefined;
let lastPath = "";

/**
 * The path of a request, without a trailing slash, which makes no difference here, and with plain letters where they are
 * percent-encoded (RFC 3986, section 6.2.2.2).
 *
 * @throws {TypeError} when the address cannot be parsed, which listeners rule out
 */
export function pathOf({ url }: { readonly url: string }): string {
  if (url === lastUrl) return lastPath;
  const { pathname } = parseUrl(url) ?? new URL(url);
  const path = pathname.length > 1 && pathname.endsWith("/") ? pathname.slice(0, -1) : pathname;
  const plain = path.includes("%") ? path.replace(/%[0-9A-F]{2}/gi, plainly) : path;
  // A query or user name may hold a secret, which must not outlive its request.
  if (!/[?@]/.test(url)) [lastUrl, lastPath] = [url, plain];
  return plain;
}

/** The character of a code, unless it would be read in another way than the code. */
function plainly(code: string): string {
  const char = String.fromCharCode(Number.parseInt(code.slice(1), 16));
  return /[\w.~-]/.test(char) ? char : code;
}
