/**
 * The operator's files that every server of a record uses: the policy, and the access of identities. Publishing adds a
 * version and never changes one; the highest version counts. Texts were validated before they come here.
 */

import { createHash } from "node:crypto";
import type { AuditEvent } from "./audit_row.ts";

/** Which of the operator's files. */
export type FileKind = "policy" | "access";

/** One version of a file, without its text. */
export interface FileVersion {
  readonly kind: FileKind;
  /** 1, 2, 3, … of each kind. */
  readonly version: number;
  /** SHA-256 of the text as UTF-8, in hex. */
  readonly digest: string;
  /** Who published it. */
  readonly by: string;
  /** Wall milliseconds. */
  readonly at: number;
}

/** One version of a file with its text. */
export interface PublishedFile extends FileVersion {
  readonly text: string;
}

/** What is to be published. */
export interface NewFile {
  readonly kind: FileKind;
  readonly text: string;
  readonly by: string;
  /** The version that must count until then, 0 where there must be none. @default any */
  readonly expectVersion?: number | undefined;
  /** Wall milliseconds. */
  readonly now: number;
}

/** What became of it; `same`: the version that counts has this text already, and nothing was written. */
export type Publication =
  | { readonly kind: "published"; readonly file: FileVersion; readonly before: FileVersion | undefined }
  | { readonly kind: "same"; readonly file: FileVersion }
  /** Another version counts than was expected; 0 where there is none. */
  | { readonly kind: "conflict"; readonly version: number };

/** Published files of one record. Every operation rejects with a `StoreError` where it cannot be done. */
export interface PublishedFiles {
  /** Publishes a version, with its row in the audit; versions beyond the newest {@linkcode MAX_VERSIONS} are dropped. */
  publish(file: NewFile): Promise<Publication>;
  /** The version that counts now, without its text. */
  current(kind: FileKind): Promise<FileVersion | undefined>;
  /** A version with its text; without a number the one that counts. */
  find(kind: FileKind, version?: number): Promise<PublishedFile | undefined>;
  /** Versions that are kept, newest first. */
  versions(kind: FileKind): Promise<readonly FileVersion[]>;
}

/** Versions of each kind that are kept with their texts; the audit keeps the digests of all. */
export const MAX_VERSIONS = 50;

/** What publishing comes to, given the version that counts. */
export function publication(
  { kind, text, by, expectVersion, now }: NewFile,
  before: FileVersion | undefined,
): Publication {
  const current = before?.version ?? 0;
  if (expectVersion !== undefined && expectVersion !== current) return { kind: "conflict", version: current };
  const digest = textDigest(text);
  if (before?.digest === digest) return { kind: "same", file: before };
  return { kind: "published", file: { kind, version: current + 1, digest, by, at: now }, before };
}

/** The row of a version that was published. */
export function publishedEvent(
  { kind, version, digest, by }: FileVersion,
  before: FileVersion | undefined,
): AuditEvent {
  const previous = { previous_version: before?.version ?? null, previous_digest: before?.digest ?? null };
  return { event: kind, identity: by, data: { version, digest, ...previous } };
}

/** SHA-256 of a text as UTF-8, in hex. */
export function textDigest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
