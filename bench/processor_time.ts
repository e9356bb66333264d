/** Processor time of processes, as Linux counts it in hundredths of a second. */

const TICK_MS = 10;

/** Milliseconds that a process and its threads have run, in their own code and in the kernel's. */
export async function processorMs(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/stat`] }).output();
  // The program's name is the second field, in brackets, and may contain anything.
  const fields = new TextDecoder().decode(stdout).split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
