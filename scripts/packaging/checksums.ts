/** Checksums of the files of a release, as `sha256sum --check` reads them. */

import { RELEASE_FOLDER } from "./targets.ts";

/** The file that lists the others, and its signature. */
export const CHECKSUMS = "SHA256SUMS";
const SIGNATURE = `${CHECKSUMS}.sig`;

/**
 * Writes `SHA256SUMS` for every other file of a folder, in the order of their names, and removes the signature of an
 * older list.
 */
export async function writeChecksums(folder: string): Promise<void> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).flatMap(({ name, isFile }) => isFile ? [name] : []);
  const lines: string[] = [];
  for (const name of names.toSorted()) {
    if (name === CHECKSUMS || name === SIGNATURE) continue;
    lines.push(`${await sha256(`${folder}/${name}`)}  ${name}\n`);
  }
  if (names.includes(SIGNATURE)) await Deno.remove(`${folder}/${SIGNATURE}`);
  await Deno.writeTextFile(`${folder}/${CHECKSUMS}`, lines.join(""));
}

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
}

if (import.meta.main) await writeChecksums(RELEASE_FOLDER);
