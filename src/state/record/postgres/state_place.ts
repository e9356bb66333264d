/** The name of a machine's state folder among those of all machines that share a record. */

import { join } from "node:path";
import { makeFolder } from "../../state_folder.ts";

const FILE = "place";

/** Reads it; a folder without a name gets one, unless nothing may be written. */
export function readPlace(folder: string, mode: "write" | "read"): string {
  const path = join(folder, FILE);
  for (let attempt = 0;; attempt++) {
    try {
      return Deno.readTextFileSync(path).trim();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound) || attempt > 0) throw error;
    }
    if (mode === "read") return "";
    makeFolder(folder);
    try {
      Deno.writeTextFileSync(path, `${crypto.randomUUID()}\n`, { createNew: true, mode: 0o600 });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error; // Another process was faster.
    }
  }
}
