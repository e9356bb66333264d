/** A disk with slow syncs: a library that is loaded before the system's own, built with the machine's C compiler. */

/** How to start a program with the library, and how to slow its syncs down. */
export interface SlowSync {
  /** Precedes the program's command. */
  readonly wrapper: readonly string[];
  /** Makes each sync slow from now on. */
  begin(): Promise<void>;
  /** Makes each sync as fast as the disk again. */
  end(): Promise<void>;
}

/** Builds the library in a folder; returns `undefined`, with a line on stderr, when the machine cannot. */
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

/** Returns why there is no library. */
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
