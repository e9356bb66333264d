/** Tokens that resume a session: secrets of their clients, of which only digests are kept. None belongs in a log. */

import { createHash } from "node:crypto";

/** 256 random bits as 43 characters. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** A new one. */
export function createResumptionToken(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Whether this could be a token. */
export function isResumptionToken(value: unknown): value is string {
  return typeof value === "string" && TOKEN.test(value);
}

/** What a session is kept under. */
export function digestOfToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
