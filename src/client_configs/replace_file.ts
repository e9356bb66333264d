/** Replaces the file of another program: atomically, with a backup, keeping its mode, following links. */

import { dirname } from "node:path";
import { reasonOf } from "../errors/reason_of.ts";
import { currentUid } from "../state/private_file.ts";

/** A file that may be written, or why it may not. */
export type Target =
  | {
    readonly ok: true;
    /** The target of a link, or the file itself. */
    readonly path: string;
    /** `undefined` when there is no file, or the system has no modes. */
    readonly mode?: number;
  }
  | { readonly ok: false; readonly problem: string };

/** Finds the file to write, and whether it can be replaced or created. */
export async function findTarget(file: string): Promise<Target> {
  const problem = (text: string): Target => ({ ok: false, problem: `${file}: ${text}` });
  try {
    const link = await Deno.lstat(file).catch(ignoreMissing);
    if (link === undefined) return { ok: true, path: file };
    const path = link.isSymlink ? await Deno.realPath(file) : file;
    const { isFile, mode, uid } = await Deno.stat(path);
    const user = currentUid();
    if (!isFile) return problem("expected a file");
    if (user !== null && uid !== null && uid !== user) return problem(`belongs to another user (uid ${uid})`);
    if (mode !== null && (mode & 0o200) === 0) return problem("is read-only: make it writable, or change it by hand");
    return { ok: true, path, ...(mode === null ? {} : { mode: mode & 0o777 }) };
  } catch (error) {
    return problem(reasonOf(error));
  }
}

/** The result, or why nothing was done. */
export type Replaced =
  | {
    readonly ok: true;
    /** The backup of the file; `undefined` when there was no file. */
    readonly backup?: string;
  }
  | { readonly ok: false; readonly problem: string };

/**
 * Replaces the content of a file, unless it is no longer `before`. A new file is created with its folders, accessible
 * only to the user.
 *
 * @param now wall clock in milliseconds, for the backup's name
 */
export async function replaceFile(
  file: string,
  { before, text, now }: { before: string | undefined; text: string; now: number },
): Promise<Replaced> {
  const target = await findTarget(file);
  if (!target.ok) return target;
  const { path, mode } = target;
  const draft = `${path}.luno-mcp-server.new`;
  try {
    if (before === undefined) await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.remove(draft).catch(() => {});
    await writeNew(draft, text, mode ?? 0o600);
    if (await readText(path) !== before) {
      await Deno.remove(draft);
      return { ok: false, problem: `${file}: was changed by another program meanwhile: run setup again` };
    }
    const backup = before === undefined ? undefined : await writeCopy(path, { text: before, mode: mode ?? 0o600, now });
    await Deno.rename(draft, path);
    return { ok: true, ...(backup === undefined ? {} : { backup }) };
  } catch (error) {
    await Deno.remove(draft).catch(() => {});
    return { ok: false, problem: `${file}: cannot be written: ${reasonOf(error)}` };
  }
}

/** Under an unused name: an earlier backup is never overwritten. */
async function writeCopy(
  path: string,
  { text, mode, now }: { text: string; mode: number; now: number },
): Promise<string> {
  for (let count = 0;; count++) {
    const copy = `${path}.${stamp(now)}${count === 0 ? "" : `-${count}`}.bak`;
    try {
      await writeNew(copy, text, mode);
      return copy;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists) || count === MAX_COPIES) throw error;
    }
  }
}

/** Within one millisecond. */
const MAX_COPIES = 100;

/** With exactly this mode, whatever the user's umask, and synced before it gets its name. */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode: mode & 0o600 });
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
  await file.sync();
  if (Deno.build.os !== "windows") await Deno.chmod(path, mode);
}

async function readText(path: string): Promise<string | undefined> {
  const bytes = await Deno.readFile(path).catch(ignoreMissing);
  return bytes && new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/** `20261129T010203.004Z`: sortable, and allowed on every file system. */
function stamp(now: number): string {
  return new Date(now).toISOString().replaceAll(/[-:]/g, "");
}
