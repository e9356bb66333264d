import { parseUrl } from "../../network/parse_url.ts";

/**
 * The path of a request, without a trailing slash, which makes no difference here.
 *
 * @throws {TypeError} when the address cannot be parsed, which listeners rule out
 */
export function pathOf({ url }: { readonly url: string }): string {
  const { pathname } = parseUrl(url) ?? new URL(url);
  return pathname.length > 1 && pathname.endsWith("/") ? pathname.slice(0, -1) : pathname;
}
