/** Files that nobody but their owner may read: keys, secrets, databases. */

import process from "node:process";

/** Settings of {@linkcode judgePrivateFile}. */
export interface PrivateFileOptions {
  /** The user that the program runs as; `null` where the system has none. @default process.getuid */
  readonly uid?: (() => number | null) | undefined;
  /** What others must not be able to do. @default "reading" */
  readonly against?: "reading" | "writing";
}

const CLOSED = {
  reading: { bits: 0o077, words: "that only its owner can read", chmod: "600" },
  writing: { bits: 0o022, words: "that only its owner can write", chmod: "go-w" },
} as const;

/**
 * The problems of a file that must belong to this program's user and be closed to everybody else; each starts with
 * `name`, which is what the operator typed. Where the system knows neither users nor modes, there are none to find.
 */
export async function judgePrivateFile(
  name: string,
  path: string,
  { uid = currentUid, against = "reading" }: PrivateFileOptions = {},
): Promise<string[]> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound ? "there is none" : reasonOf(error);
    return [`${name}: expected a readable file: ${reason}: current value is ${JSON.stringify(path)}`];
  }
  if (!info.isFile) return [`${name}: expected a file: current value is ${JSON.stringify(path)}`];
  const problems: string[] = [];
  const { bits, words, chmod } = CLOSED[against];
  if (info.mode !== null && (info.mode & bits) !== 0) {
    const mode = (info.mode & 0o777).toString(8).padStart(4, "0");
    problems.push(`${name}: expected a file ${words}: mode is ${mode}: run chmod ${chmod} ${path}`);
  }
  const user = info.uid === null ? null : uid();
  if (user !== null && info.uid !== user) {
    problems.push(
      `${name}: expected a file of the user that runs this program (uid ${user}): ` +
        `it belongs to uid ${info.uid}: run chown ${user} ${path}`,
    );
  }
  return problems;
}

function currentUid(): number | null {
  return process.getuid?.() ?? null;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
