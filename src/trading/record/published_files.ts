/**
 * The operator's files that all servers of a record use: the policy and the access file. Publishing adds a version and
 * never changes one; the highest version is in force. Texts are validated before they get here.
 */

import { createHash } from "node:crypto";
import type { AuditEvent } from "./audit_row.ts";

/** The kind of file. */
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

/** A file to publish. */
export interface NewFile {
  readonly kind: FileKind;
  readonly text: string;
  readonly by: string;
  /**
   * The version that must be in force before, 0 for none.
   *
   * @default any
   */
  readonly expectVersion?: number | undefined;
  /** Wall milliseconds. */
  readonly now: number;
}

/** The result; `same`: the version in force already has this text, and nothing was written. */
export type Publication =
  | { readonly kind: "published"; readonly file: FileVersion; readonly before: FileVersion | undefined }
  | { readonly kind: "same"; readonly file: FileVersion }
  /** The version in force is not the expected one; 0 when there is none. */
  | { readonly kind: "conflict"; readonly version: number };

/** Published files of one record. Every operation rejects with a `StoreError` when it fails. */
export interface PublishedFiles {
  /** Publishes a version, with its audit row; versions beyond the newest {@linkcode MAX_VERSIONS} are deleted. */
  publish(file: NewFile): Promise<Publication>;
  /** The version in force, without its text. */
  current(kind: FileKind): Promise<FileVersion | undefined>;
  /** A version with its text; without a number the one in force. */
  find(kind: FileKind, version?: number): Promise<PublishedFile | undefined>;
  /** Kept versions, newest first. */
  versions(kind: FileKind): Promise<readonly FileVersion[]>;
}

/** Versions of each kind that are kept with their texts; the audit keeps the digests of all. */
export const MAX_VERSIONS = 50;

/** The result of publishing, given the version in force. */
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

/** The audit row of a published version. */
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
