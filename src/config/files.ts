/** Reads files that the operator names; a problem with one is added to the list of problems. */

import { reasonOf } from "../errors/reason_of.ts";
import { Secret } from "../secrets/secret.ts";
import { decodeText, NO_TEXT } from "../text/decode_text.ts";
import { secretProblem } from "./secret_text.ts";
import { checkPrivateFile, fileProblems } from "../state/private_file.ts";
import type { Protection } from "../state/private_file.ts";

/** Reads a file that only the program's user can access, or that belongs to root and at most a group can read. */
export async function readPrivate(name: string, path: string, problems: string[]): Promise<string | undefined> {
  return await readProtected(name, path, { as: "secret", problems });
}

/** Reads a file that is not secret, but that only the program's user and root can write. */
export async function readOwn(name: string, path: string, problems: string[]): Promise<string | undefined> {
  return await readProtected(name, path, { as: "public", problems });
}

async function readProtected(
  name: string,
  path: string,
  { as: protection, problems }: { as: Protection; problems: string[] },
): Promise<string | undefined> {
  const before = await checkPrivateFile(name, path, { as: protection });
  problems.push(...before);
  if (before.length > 0) return undefined;
  try {
    using file = await Deno.open(path);
    // Checked after opening: the path may have been replaced since.
    const found = fileProblems(path, await file.stat(), { as: protection });
    problems.push(...found.map((problem) => `${name}: ${problem}`));
    if (found.length > 0) return undefined;
    const text = decodeText(await readAll(file));
    if (text === undefined) problems.push(`${name}: ${NO_TEXT}: current value is ${JSON.stringify(path)}`);
    return text;
  } catch (error) {
    const reason = reasonOf(error);
    problems.push(`${name}: expected a readable file: ${reason}: current value is ${JSON.stringify(path)}`);
    return undefined;
  }
}

async function readAll(file: Deno.FsFile): Promise<Uint8Array> {
  const { size } = await file.stat();
  const bytes = new Uint8Array(size + 1);
  let length = 0;
  for (let count: number | null = 0; count !== null && length < bytes.length; length += count ?? 0) {
    count = await file.read(bytes.subarray(length));
  }
  return bytes.subarray(0, length);
}

/** Reads a private file that holds one secret; surrounding spaces are removed. */
export async function readSecretFile(name: string, path: string, problems: string[]): Promise<Secret | undefined> {
  const text = (await readPrivate(name, path, problems))?.trim();
  if (text === undefined) return undefined;
  const problem = text === "" ? `expected a secret: ${path} is empty` : secretProblem(text);
  if (problem === undefined) return new Secret(text);
  problems.push(`${name}: ${problem}`);
  return undefined;
}
