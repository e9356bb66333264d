/** Rows of published files, for every engine. */

import { textDigest } from "../../../trading/record/published_files.ts";
import type { FileVersion, PublishedFile } from "../../../trading/record/published_files.ts";
import { StoreError } from "../../../trading/record/store_error.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";

/** A version without its text. */
export function readFileVersion(row: Row): FileVersion {
  return {
    kind: readText(row, "kind") === "policy" ? "policy" : "access",
    version: readNumber(row, "version"),
    digest: readText(row, "digest"),
    by: readText(row, "by"),
    at: readNumber(row, "at"),
  };
}

/**
 * A version with its text.
 *
 * @throws {StoreError} when the text is not the published one
 */
export function readPublishedFile(row: Row): PublishedFile {
  const file = { ...readFileVersion(row), text: readText(row, "text") };
  if (textDigest(file.text) !== file.digest) throw new StoreError("damaged");
  return file;
}
