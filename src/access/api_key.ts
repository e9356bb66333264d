/**
 * The format of an API key: `lunomcp_<id>_<secret>_<checksum>`, all in lower-case hex.
 *
 * The prefix lets secret scanners find it; the checksum detects a mistyped key without a lookup. The secret has 256
 * random bits, so a plain digest of it is as safe as a slow one.
 */

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

const PREFIX = "lunomcp_";
const ID_BYTES = 6;
const SECRET_BYTES = 32;
const KEY = /^lunomcp_([0-9a-f]{12})_[0-9a-f]{64}_[0-9a-f]{8}$/;
const KEY_LENGTH = PREFIX.length + 2 * ID_BYTES + 1 + 2 * SECRET_BYTES + 1 + 8;

/** The parts of a key that may be stored. */
export interface KeyDigest {
  /** 12 hex digits; not secret. */
  readonly id: string;
  /** SHA-256 of the whole key. */
  readonly digest: Uint8Array;
}

/** A new key. */
export interface NewApiKey extends KeyDigest {
  /** The key itself; shown once and stored nowhere. */
  readonly text: string;
}

/** Creates a key; `random` fills the bytes that it is given. */
export function createApiKey(
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes),
): NewApiKey {
  const id = random(new Uint8Array(ID_BYTES)).toHex();
  const body = `${PREFIX}${id}_${random(new Uint8Array(SECRET_BYTES)).toHex()}`;
  const text = `${body}_${checksumOf(body)}`;
  return { id, text, digest: digestOf(text) };
}

/** Parses a key; `undefined` when its format or checksum is wrong. Does not tell whether the key is known. */
export function readApiKey(text: string): KeyDigest | undefined {
  if (text.length !== KEY_LENGTH) return undefined;
  const id = KEY.exec(text)?.[1];
  const end = text.lastIndexOf("_");
  if (id === undefined || text.slice(end + 1) !== checksumOf(text.slice(0, end))) return undefined;
  return { id, digest: digestOf(text) };
}

/** Tells whether a text is meant as an API key, complete or not. */
export function looksLikeApiKey(text: string): boolean {
  return text.startsWith(PREFIX);
}

function checksumOf(body: string): string {
  return crc32(body).toString(16).padStart(8, "0");
}

function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
