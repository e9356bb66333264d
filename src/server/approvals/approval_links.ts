/**
 * Writes the links to approval pages to a file in the state folder that only its owner can read: for a server whose
 * stderr is not a terminal, as anyone with a link may approve.
 */

import { join } from "node:path";
import { getLogger } from "../../logging/logger.ts";
import { fileProblems } from "../../state/private_file.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** The file's name in the state folder. */
export const LINKS_FILE = "approval-links";

/** Old links are useless: the file is started anew when it exceeds this size, in bytes. */
const MAX_BYTES = 65_536;

/** An open file of links; opened before the permission to write is dropped. */
export class ApprovalLinks {
  /** The path of the file. */
  readonly path: string;
  readonly #file: Deno.FsFile;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.#file = file;
  }

  /**
   * Opens the file, which the servers of one folder share; a file that others could read, or a link, is removed first.
   */
  static async open(folder: string): Promise<ApprovalLinks> {
    const path = join(folder, LINKS_FILE);
    const found = await Deno.lstat(path).catch(() => undefined);
    if (found !== undefined && fileProblems(path, found, { as: "record" }).length === 0) {
      return new ApprovalLinks(path, await Deno.open(path, { append: true }));
    }
    if (found !== undefined) await Deno.remove(path);
    return new ApprovalLinks(path, await Deno.open(path, { append: true, createNew: true, mode: 0o600 }));
  }

  /** Appends a line; settles when that was tried. Never rejects. */
  add(line: string): Promise<void> {
    return this.#writing = this.#writing.then(() => this.#write(`${line}\n`)).catch((error) => {
      log.error("cannot write approval link; use luno-mcp-server approve", { path: this.path, error });
    });
  }

  /** Writes pending lines, and closes the file. */
  async close(): Promise<void> {
    await this.#writing;
    this.#file.close();
  }

  async #write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    const { size } = await this.#file.stat();
    if (size + bytes.length > MAX_BYTES) await this.#file.truncate();
    for (let written = 0; written < bytes.length;) written += await this.#file.write(bytes.subarray(written));
  }
}
