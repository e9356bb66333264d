/**
 * Checks that a state folder is safe from other users: anyone who can write to it, or to a folder above it, could
 * replace the databases.
 */

import { dirname, resolve } from "node:path";
import { reasonOf } from "../errors/reason_of.ts";
import { currentUid } from "./private_file.ts";

/** The system's facts about a folder. */
export type FolderFacts = Pick<Deno.FileInfo, "isDirectory" | "mode" | "uid" | "gid">;

/** Settings of {@linkcode folderProblems}. */
export interface FolderOptions {
  /**
   * The user of the program; `null` when the system has no users.
   *
   * @default process.getuid
   */
  readonly uid?: (() => number | null) | undefined;
}

const OTHERS_WRITE = 0o002;
const GROUP_WRITES = 0o020;
/** Only the owner of an entry may rename or remove it. */
const STICKY = 0o1000;

/**
 * The problems of a state folder, each a sentence without a leading name; parts of the path that do not exist yet are
 * skipped. Empty on systems without users and modes.
 */
export function folderProblems(path: string, { uid = currentUid }: FolderOptions = {}): string[] {
  const folder = resolve(path);
  const user = uid();
  const real = realPath(folder);
  const problems = new Set<string>();
  for (const [place, isParent] of [...chainOf(folder), ...(real === undefined ? [] : chainOf(real))]) {
    for (const problem of problemsAt(place, { isParent, user })) problems.add(problem);
  }
  return [...problems];
}

function problemsAt(place: string, { isParent, user }: { isParent: boolean; user: number | null }): string[] {
  let link: Deno.FileInfo | undefined;
  try {
    link = Deno.lstatSync(place);
    const facts = Deno.statSync(place);
    const owners = { uid: link.uid, user };
    const problem = isParent ? parentProblem(place, facts, user) : ownProblem(place, facts, user);
    return [
      ...(link.isSymlink && !isTrusted(owners) ? [ownerProblem(place, owners)] : []),
      ...(problem === undefined ? [] : [problem]),
    ];
  } catch (error) {
    if (link?.isSymlink && error instanceof Deno.errors.NotFound) {
      return [`expected a folder: ${place} is a link that leads nowhere`];
    }
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    return [`expected a folder that can be looked at: ${place}: ${reasonOf(error)}`];
  }
}

/**
 * Creates a folder within the state folder, accessible only to this user, unless it exists.
 *
 * @throws {TypeError} when others can write to an existing one
 */
export function makeFolder(path: string): void {
  const [problem] = folderProblems(path);
  if (problem !== undefined) throw new TypeError(problem);
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
}

/** The problem of the state folder itself. */
export function ownProblem(place: string, facts: FolderFacts, user: number | null): string | undefined {
  const { isDirectory, mode, uid } = facts;
  if (!isDirectory) return `expected a folder: current value is ${JSON.stringify(place)}`;
  if (user !== null && uid !== null && uid !== user) return ownerProblem(place, { uid, user });
  if (mode === null || (mode & (OTHERS_WRITE | GROUP_WRITES)) === 0) return undefined;
  return `expected a folder that only its owner can write to: ${modeOf(place, mode)}: run chmod 700 ${place}`;
}

/** The problem of a folder above it, which determines where its path leads. */
export function parentProblem(place: string, facts: FolderFacts, user: number | null): string | undefined {
  const { mode, uid, gid } = facts;
  if (dirname(place) !== place && !isTrusted({ uid, user })) return ownerProblem(place, { uid, user });
  if (mode === null || (mode & STICKY) !== 0) return undefined;
  // By convention a user's own group has the user's number, and no other members.
  const isShared = (mode & GROUP_WRITES) !== 0 && gid !== uid;
  if (!isShared && (mode & OTHERS_WRITE) === 0) return undefined;
  return `expected a folder in folders that only their owners can write to: ${modeOf(place, mode)}: ` +
    `run chmod go-w ${place}, or take another folder`;
}

/** The owner of a folder, and the user that runs this program. */
interface Owners {
  readonly uid: number | null;
  readonly user: number | null;
}

function isTrusted({ uid, user }: Owners): boolean {
  return uid === null || user === null || uid === user || uid === 0;
}

function ownerProblem(place: string, { uid, user }: Owners): string {
  return `expected a folder of the user that runs this program (uid ${user}): ${place} belongs to uid ${uid}: ` +
    `run the program as uid ${uid}, or use a folder of its own`;
}

function modeOf(place: string, mode: number): string {
  return `mode of ${place} is ${(mode & 0o7777).toString(8).padStart(4, "0")}`;
}

/** The folder and all folders above it. */
function chainOf(folder: string): [place: string, isParent: boolean][] {
  const parent = dirname(folder);
  const above = parent === folder ? [] : chainOf(parent);
  return [[folder, false], ...above.map(([place]): [string, boolean] => [place, true])];
}

function realPath(folder: string): string | undefined {
  try {
    return Deno.realPathSync(folder);
  } catch {
    return undefined; // It does not exist yet, or cannot be examined: opening it reports that.
  }
}
