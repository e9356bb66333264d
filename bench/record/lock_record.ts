/** Another process that keeps the record locked. */

/** Starts it; it takes the lock at `begin`, and ends with it. */
export async function lockRecord(
  path: string,
): Promise<{ name: string; begin(): Promise<void>; end(): Promise<void> }> {
  const permissions = ["--allow-read=dist", "--allow-write=dist"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, "bench/record/lock_holder.ts", path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const [input, output] = [child.stdin.getWriter(), child.stdout.getReader()];
  await input.ready;
  return {
    name: "a locked record",
    async begin() {
      await input.write(new Uint8Array(1));
      await output.read(); // It holds the lock.
    },
    async end() {
      await input.close();
      await child.status;
    },
  };
}
