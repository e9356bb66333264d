/** The answer to a request that is none, on either listener; its connection ends with it. */
export function badRequest(): Response {
  return new Response("Bad request\n", { status: 400, headers: { "connection": "close" } });
}
