/**
 * Locks of instances: one file each in the state folder, which the operating system locks while the process exists,
 * even if it is suspended. So others notice at once when one has died, and never take over from one that is merely
 * suspended.
 */

import { join } from "node:path";
import { reasonOf } from "../errors/reason_of.ts";
import { StateError } from "./state_error.ts";
import { makeFolder } from "./state_folder.ts";

/** The folder of the lock files, in the state folder. */
export const INSTANCES_FOLDER = "instances";

const NAME = /^([0-9a-f]{16})\.lock$/;
const ATTEMPTS = 5;

/** The lock of this process; ends with {@linkcode InstanceLock.release}, or with the process. */
export class InstanceLock {
  /** 16 hexadecimal digits. */
  readonly id: string;
  readonly #file: Deno.FsFile;

  private constructor(id: string, file: Deno.FsFile) {
    this.id = id;
    this.#file = file;
  }

  /**
   * Creates and takes a new lock.
   *
   * @throws {StateError} when the folder cannot be written, or its file system has no locks
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
      const remedy = error instanceof Deno.errors.PermissionDenied
        ? "make it writable for this user, or use another state folder"
        : "use a state folder on a local disk";
      const message = `Cannot lock a file in ${directory}: ${reasonOf(error)}: ${remedy}`;
      throw new StateError(message, { path: directory, cause: error });
    }
    const message = `Cannot lock a file in ${directory} so that others see it: use a state folder on a local disk`;
    throw new StateError(message, { path: directory });
  }

  /** Repeating it has no effect. */
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
    // Another process may have removed the file between its creation and its lock; and some file systems lock nothing.
    if (file.tryLockSync(true) && isThere(path) && isLocked(folder, id)) return new InstanceLock(id, file);
    file.close();
    return undefined;
  }
}

/** Whether the process of an instance exists; `true` when that cannot be determined. */
export function isLocked(folder: string, id: string): boolean {
  let file: Deno.FsFile | undefined;
  try {
    file = Deno.openSync(pathOf(folder, id), { read: true });
    // A shared lock, so that concurrent checks do not affect each other.
    return !file.tryLockSync(false);
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  } finally {
    file?.close();
  }
}

/** The instances of a folder whose processes exist. */
export function lockedInstances(folder: string): string[] {
  return listLocks(folder).filter((id) => isLocked(folder, id));
}

/** Removes the lock files of ended processes, except those to keep; a failure is ignored. */
export function removeFreeLocks(folder: string, isKept: (id: string) => boolean): void {
  for (const id of listLocks(folder)) {
    if (isKept(id)) continue;
    try {
      using file = Deno.openSync(pathOf(folder, id), { read: true });
      // While it is locked here no other process can take it.
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
