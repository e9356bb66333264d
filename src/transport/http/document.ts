/** Rarely changing documents: with an entity tag (RFC 9110, section 8.8.3), compressed for clients that accept it. */

import { gzipSync } from "node:zlib";
import type { HttpRequest } from "../listeners/http_request.ts";

/** Smaller texts are not compressed, in bytes. */
const MIN_COMPRESSED = 1_024;

/** What a document, and who may read it, depends on. */
const VARY = "accept-encoding, authorization, origin, x-luno-scopes";

/** A JSON document, encoded once for all clients. */
export class JsonDocument {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #compressed: Uint8Array<ArrayBuffer> | undefined;
  readonly #etag: string;

  private constructor(bytes: Uint8Array<ArrayBuffer>, etag: string) {
    this.#bytes = bytes;
    this.#compressed = bytes.length < MIN_COMPRESSED ? undefined : new Uint8Array(gzipSync(bytes));
    this.#etag = etag;
  }

  /** Encodes a value. */
  static async of(value: unknown): Promise<JsonDocument> {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    // A weak tag, as the compressed bytes differ but mean the same.
    return new JsonDocument(bytes, `W/"${digest.subarray(0, 12).toHex()}"`);
  }

  /** Answers GET and HEAD; 304 when the client has it already. The document may differ between callers. */
  answer({ method, headers }: Pick<HttpRequest, "method" | "headers">): Response {
    const etag = this.#etag;
    const shared = { etag, "cache-control": "private, no-cache", vary: VARY };
    if (isKnown(headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers: shared });
    const compressed = takesGzip(headers.get("accept-encoding") ?? "") ? this.#compressed : undefined;
    return new Response(method === "HEAD" ? null : compressed ?? this.#bytes, {
      headers: {
        ...shared,
        "content-type": "application/json",
        ...(compressed === undefined ? {} : { "content-encoding": "gzip" }),
      },
    });
  }
}

function isKnown(header: string | null, etag: string): boolean {
  const strong = (tag: string) => tag.trim().replace(/^W\//, "");
  return header !== null && header.split(",").some((tag) => tag.trim() === "*" || strong(tag) === strong(etag));
}

function takesGzip(header: string): boolean {
  return header.split(",").some((coding) => /^\s*(gzip|x-gzip|\*)\s*(;\s*q\s*=\s*(?!0(\.0*)?\s*$).*)?$/i.test(coding));
}
