/**
 * Locks of instances: a file for each in the state folder, held by the operating system for as long as the process
 * lives, stopped or not. So others know at once that one has died, and nobody takes over from one that merely stands
 * still.
 */

import { join } from "node:path";
import { reasonOf } from "../errors/reason_of.ts";
import { StateError } from "./state_error.ts";
import { makeFolder } from "./state_folder.ts";

/** The folder of the lock files in the state folder. */
export const INSTANCES_FOLDER = "instances";

const NAME = /^([0-9a-f]{16})\.lock$/;
const ATTEMPTS = 5;

/** The lock of this process; it ends with {@linkcode InstanceLock.release}, or with the process. */
export class InstanceLock {
  /** 16 hexadecimal digits. */
  readonly id: string;
  readonly #file: Deno.FsFile;

  private constructor(id: string, file: Deno.FsFile) {
    this.id = id;
    this.#file = file;
  }

  /**
   * Takes a lock that nobody has or had.
   *
   * @throws {StateError} the folder cannot be written, or its file system knows no locks
   */
  static take(folder: string): InstanceLock {
    const directory = join(folder, INSTANCES_FOLDER);
    try {
      makeFolder(directory);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const lock = InstanceLock.#tryNew(folder);
        if (lock !== undefined) return lock;
      }
    } catch (error) {
      const reason = reasonOf(error);
      const message = `Cannot lock a file in ${directory}: ${reason}: use a state folder on a local disk`;
      throw new StateError(message, { path: directory, cause: error });
    }
    const message = `Cannot lock a file in ${directory} so that others see it: use a state folder on a local disk`;
    throw new StateError(message, { path: directory });
  }

  /** A second time does nothing. */
  release(): void {
    try {
      this.#file.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  static #tryNew(folder: string): InstanceLock | undefined {
    const id = crypto.getRandomValues(new Uint8Array(8)).toHex();
    const path = pathOf(folder, id);
    const file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
    // Who clears away may have been between the file and its lock; and some file systems lock nothing.
    if (file.tryLockSync(true) && isThere(path) && isLocked(folder, id)) return new InstanceLock(id, file);
    file.close();
    return undefined;
  }
}

/** Whether the process of an instance lives. Who cannot tell takes it that it does. */
export function isLocked(folder: string, id: string): boolean {
  let file: Deno.FsFile | undefined;
  try {
    file = Deno.openSync(pathOf(folder, id), { read: true });
    // Shared, so that two that look at once see nothing of each other.
    return !file.tryLockSync(false);
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  } finally {
    file?.close();
  }
}

/** The instances of a folder whose processes live. */
export function lockedInstances(folder: string): string[] {
  return listLocks(folder).filter((id) => isLocked(folder, id));
}

/** Removes the files of processes that have ended, but for those to be kept; what cannot be removed stays. */
export function removeFreeLocks(folder: string, isKept: (id: string) => boolean): void {
  for (const id of listLocks(folder)) {
    if (isKept(id)) continue;
    try {
      using file = Deno.openSync(pathOf(folder, id), { read: true });
      // While it is held here nobody else can take it for theirs.
      if (file.tryLockSync(true)) Deno.removeSync(pathOf(folder, id));
    } catch {
      // Another process was faster, or will be.
    }
  }
}

function listLocks(folder: string): string[] {
  try {
    return [...Deno.readDirSync(join(folder, INSTANCES_FOLDER))].flatMap(({ name }) => NAME.exec(name)?.[1] ?? []);
  } catch {
    return [];
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function pathOf(folder: string, id: string): string {
  return join(folder, INSTANCES_FOLDER, `${id}.lock`);
}
