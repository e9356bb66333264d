/** Files that the operator names; what is wrong with one joins the list of problems. */

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

/** Reads a file that holds one secret, which only its owner may read; the spaces around it are left out. */
export async function readSecretFile(name: string, path: string, problems: string[]): Promise<string | undefined> {
  const text = (await readNamed(name, path, problems))?.trim();
  if (text === undefined) return undefined;
  const { mode } = await Deno.stat(path);
  if (mode !== null && (mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, "0");
    problems.push(`${name}: expected a file that only its owner can read: mode is ${shown}: run chmod 600 ${path}`);
  }
  if (text !== "") return text;
  problems.push(`${name}: expected a secret: ${path} is empty`);
  return undefined;
}
