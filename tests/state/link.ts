/** Makes a link that leads to `target`; the shell does it, as the runtime's permissions for it cannot be narrowed. */
export async function link(target: string, path: string): Promise<void> {
  const { success } = await new Deno.Command("sh", { args: ["-c", 'ln -s "$1" "$2"', "sh", target, path] }).output();
  if (!success) throw new Error(`Cannot link ${path} to ${target}`);
}
