/** The response to an invalid request, on either listener; closes the connection. */
export function badRequest(): Response {
  return new Response("Bad request\n", { status: 400, headers: { "connection": "close" } });
}
