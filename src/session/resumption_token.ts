/** Tokens that resume a session. They are secrets of the client: only digests are stored, and none is logged. */

import { createHash } from "node:crypto";

/** 256 random bits as 43 characters. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Creates a token. */
export function createResumptionToken(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Tells whether a value has the form of a token. */
export function isResumptionToken(value: unknown): value is string {
  return typeof value === "string" && TOKEN.test(value);
}

/** The digest that a session is stored under. */
export function digestOfToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
