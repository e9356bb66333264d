/** The measured programs, and those they are compared with. */

import { HEAP_FLAGS } from "../scripts/packaging/heap_flags.ts";

const deno = Deno.execPath();
const run = [deno, "run", "--quiet", "--no-prompt"];
const runOurs = [deno, "run", HEAP_FLAGS, "--quiet", "--no-prompt", "-P=serve"];

/** This server and the bare program of the same kind. */
export interface Contest {
  readonly name: "source" | "bundle" | "binary";
  readonly server: readonly string[];
  readonly bare: readonly string[];
}

/** Source and, after `deno task compile`, bundle and binary. */
export async function contests(): Promise<Contest[]> {
  const bareSource = [...run, "bench/bare_echo.ts"];
  const found: Contest[] = [{ name: "source", server: [...runOurs, "main.ts"], bare: bareSource }];
  if (await exists("dist/bundle/main.js")) {
    found.push({ name: "bundle", server: [...runOurs, "dist/bundle/main.js"], bare: bareSource });
  }
  if (await exists("dist/luno-mcp-server")) {
    const bare = await compileBare();
    if (bare !== undefined) found.push({ name: "binary", server: ["dist/luno-mcp-server"], bare: [bare] });
  }
  return found;
}

/** The bare program as a binary; without a runtime to embed there is none, and the binary is not measured. */
async function compileBare(): Promise<string | undefined> {
  const path = "dist/bare_echo";
  const compiler = Deno.env.get("COMPILE_DENO") ?? deno;
  const { success, stderr } = await new Deno.Command(compiler, {
    args: ["compile", "--quiet", "--no-config", "--no-prompt", "--output", path, "bench/bare_echo.ts"],
  }).output();
  if (success) return path;
  await Deno.stderr.write(
    new TextEncoder().encode("The binary is left out: its bare counterpart cannot be compiled\n"),
  );
  await Deno.stderr.write(stderr);
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
