/** A text that seldom changes, as an answer: with an entity tag (RFC 9110, section 8.8.3), and compressed for who takes that. */

/** Texts below this are not worth compressing, in characters. */
const MIN_COMPRESSED = 1_024;

/** Answers GET and HEAD with a JSON text, 304 to whoever has it. It may differ from caller to caller. */
export async function documentResponse(request: Request, text: string): Promise<Response> {
  const isCompressed = text.length >= MIN_COMPRESSED && takesGzip(request.headers.get("accept-encoding") ?? "");
  const etag = await tagOf(text);
  const shared = { etag, "cache-control": "private, no-cache", "vary": "accept-encoding, authorization" };
  if (isKnown(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers: shared });
  const headers = {
    ...shared,
    "content-type": "application/json",
    ...(isCompressed ? { "content-encoding": "gzip" } : {}),
  };
  if (request.method === "HEAD") return new Response(null, { headers });
  if (!isCompressed) return new Response(text, { headers });
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")), { headers });
}

/** A weak one, as the compressed bytes are others with the same meaning. */
async function tagOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return `W/"${digest.subarray(0, 12).toHex()}"`;
}

function isKnown(header: string | null, etag: string): boolean {
  const strong = (tag: string) => tag.trim().replace(/^W\//, "");
  return header !== null && header.split(",").some((tag) => tag.trim() === "*" || strong(tag) === strong(etag));
}

function takesGzip(header: string): boolean {
  return header.split(",").some((coding) => /^\s*(gzip|x-gzip|\*)\s*(;\s*q\s*=\s*(?!0(\.0*)?\s*$).*)?$/i.test(coding));
}
