import { parseUrl } from "../../network/parse_url.ts";

/**
 * The path of a request, without a slash at its end: with and without one it is the same here.
 *
 * @throws {TypeError} for an address that cannot be parsed, which no listener hands on
 */
export function pathOf({ url }: { readonly url: string }): string {
  const { pathname } = parseUrl(url) ?? new URL(url);
  return pathname.length > 1 && pathname.endsWith("/") ? pathname.slice(0, -1) : pathname;
}
