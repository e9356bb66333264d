/** A fictitious home with real files, removed afterwards. */

import { dirname, join } from "node:path";
import type { System } from "../../src/client_configs/clients.ts";

/** What a test can do with it. */
export interface Home {
  readonly folder: string;
  readonly system: System;
  /** Writes a file below the home; returns its path. */
  write(path: string, text: string, mode?: number): Promise<string>;
  read(path: string): Promise<string>;
}

/** Runs the body with a home, as a user on Linux has it. */
export async function withHome(body: (home: Home) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await body({
      folder,
      system: { os: "linux", env: (name) => name === "HOME" ? folder : undefined },
      write: async (path, text, mode = 0o644) => {
        const file = join(folder, path);
        await Deno.mkdir(dirname(file), { recursive: true });
        await Deno.writeTextFile(file, text);
        await Deno.chmod(file, mode);
        return file;
      },
      read: (path) => Deno.readTextFile(join(folder, path)),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
