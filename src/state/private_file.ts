/** Checks that files are protected from other users: secrets, databases, certificates. */

import { reasonOf } from "../errors/reason_of.ts";

/** The kind of protection. */
export type Protection = "secret" | "record" | "public";

/** Settings of {@linkcode checkPrivateFile}. */
export interface PrivateFileOptions {
  /**
   * The user of the program; `null` when the system has no users.
   *
   * @default Deno.uid
   */
  readonly uid?: (() => number | null) | undefined;
  /**
   * `secret`: owned by the program's user and inaccessible to others, or owned by root and readable by a group at most.
   * `record`: written by the program, owned by its user alone, not a link. `public`: readable by all, writable only by
   * the program's user or root.
   *
   * @default "secret"
   */
  readonly as?: Protection;
}

/** The system's facts about a file. */
export type FileFacts = Pick<Deno.FileInfo, "isFile" | "isSymlink" | "mode" | "uid">;

/** The mode bits that others must not have, by protection and owner. */
const OWN = { bits: 0o077, words: "that only its owner can read", chmod: "600" };
const SHARED = { bits: 0o037, words: "that only root and a group can read", chmod: "640" };
const PUBLIC = { bits: 0o022, words: "that only its owner can write", chmod: "go-w" };

/**
 * The problems of a file that must be protected; each starts with `name`, which the operator typed. Empty on systems
 * without users and modes.
 */
export async function checkPrivateFile(
  name: string,
  path: string,
  options: PrivateFileOptions = {},
): Promise<string[]> {
  let info: Deno.FileInfo;
  try {
    info = await (options.as === "record" ? Deno.lstat(path) : Deno.stat(path));
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound ? "there is none" : reasonOf(error);
    return [`${name}: expected a readable file: ${reason}: current value is ${JSON.stringify(path)}`];
  }
  return fileProblems(path, info, options).map((problem) => `${name}: ${problem}`);
}

/** The problems of a file with these facts, as sentences without a leading name. */
export function fileProblems(
  path: string,
  { isFile, isSymlink, mode, uid: owner }: FileFacts,
  { uid = currentUid, as: protection = "secret" }: PrivateFileOptions = {},
): string[] {
  const shown = JSON.stringify(path);
  if (isSymlink) return [`expected a file, not a link to another one: current value is ${shown}`];
  if (!isFile) return [`expected a file: current value is ${shown}`];
  const problems: string[] = [];
  const user = owner === null ? null : uid();
  const mayRootOwn = protection !== "record" && owner === 0;
  const { bits } = protection === "public" ? PUBLIC : mayRootOwn ? SHARED : OWN;
  const { words, chmod } = protection === "public" ? PUBLIC : mayRootOwn && user !== 0 ? SHARED : OWN;
  if (mode !== null && (mode & bits) !== 0) {
    const current = (mode & 0o777).toString(8).padStart(4, "0");
    problems.push(`expected a file ${words}: mode is ${current}: run chmod ${chmod} ${path}`);
  }
  if (user !== null && owner !== user && !mayRootOwn) {
    problems.push(
      `expected a file of the user that runs this program (uid ${user}): it belongs to uid ${owner}: ` +
        `run chown ${user} ${path}, or the program as uid ${owner}`,
    );
  }
  return problems;
}

/** The user of the program; `null` when the system has no users. */
export function currentUid(): number | null {
  return Deno.uid();
}
