/** The path of a request, without a slash at its end: with and without one it is the same here. */
export function pathOf({ url }: Pick<Request, "url">): string {
  const { pathname } = new URL(url);
  return pathname.length > 1 && pathname.endsWith("/") ? pathname.slice(0, -1) : pathname;
}
