/** Files that the operator names; what is wrong with one joins the list of problems. */

import { Secret } from "../secret.ts";
import { judgePrivateFile } from "../state/private_file.ts";

/** Reads a file; `name` is what the operator typed to name it. */
export async function readNamed(name: string, path: string, problems: string[]): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(`${name}: expected a readable file: ${reason}: current value is ${JSON.stringify(path)}`);
    return undefined;
  }
}

/** Reads a file that only its owner may read and that the program's user owns. */
export async function readPrivate(name: string, path: string, problems: string[]): Promise<string | undefined> {
  const found = await judgePrivateFile(name, path);
  problems.push(...found);
  return found.length > 0 ? undefined : await readNamed(name, path, problems);
}

/** Reads a file that is no secret, but that nobody except the program's user may have written. */
export async function readOwn(name: string, path: string, problems: string[]): Promise<string | undefined> {
  const found = await judgePrivateFile(name, path, { against: "writing" });
  problems.push(...found);
  return found.length > 0 ? undefined : await readNamed(name, path, problems);
}

/** Reads a private file that holds one secret; the spaces around it are left out. */
export async function readSecretFile(name: string, path: string, problems: string[]): Promise<Secret | undefined> {
  const text = (await readPrivate(name, path, problems))?.trim();
  if (text === undefined) return undefined;
  if (text !== "") return new Secret(text);
  problems.push(`${name}: expected a secret: ${path} is empty`);
  return undefined;
}
