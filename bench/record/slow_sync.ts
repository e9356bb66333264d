/** A disk whose syncs take longer: a library that is loaded before the system's own, made with the machine's C compiler. */

/** How to start a program with it, and how to slow its syncs. */
export interface SlowSync {
  /** Goes before the program's command. */
  readonly wrapper: readonly string[];
  /** From now on each sync takes longer. */
  begin(): Promise<void>;
  /** Each takes as long as the disk needs. */
  end(): Promise<void>;
}

/** Makes the library in a folder; `undefined`, and a line on stderr, where the machine cannot. */
export async function compileSlowSync(folder: string, delayMs: number): Promise<SlowSync | undefined> {
  const library = await Deno.realPath(folder) + "/slow_sync.so";
  const problem = Deno.build.os === "linux" ? await compile(library, delayMs) : "it is made for Linux";
  if (problem !== undefined) {
    await Deno.stderr.write(new TextEncoder().encode(`Slow syncs are left out: ${problem}\n`));
    return undefined;
  }
  const file = `${library}.on`;
  return {
    wrapper: ["env", `LD_PRELOAD=${library}`, `SLOW_SYNC_FILE=${file}`],
    begin: () => Deno.writeTextFile(file, ""),
    end: () => Deno.remove(file),
  };
}

/** Answers why there is no library. */
async function compile(library: string, delayMs: number): Promise<string | undefined> {
  const args = ["-shared", "-fPIC", `-DDELAY_MS=${delayMs}`, "-o", library, "bench/record/slow_sync.c", "-ldl"];
  try {
    const { success, stderr } = await new Deno.Command("cc", { args }).output();
    return success ? undefined : `cc cannot compile bench/record/slow_sync.c: ${new TextDecoder().decode(stderr)}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "there is no C compiler (cc)";
    throw error;
  }
}
