/** `config init`, `policy init` and `access init`: write a sample file, and a page beside it that explains the file. */

import { dirname, resolve } from "node:path";
import type { CommandName } from "../config/command_settings.ts";
import { reasonOf } from "../errors/reason_of.ts";
import { print } from "../world.ts";
import type { ExitCode } from "../world.ts";
import type { CommandCall } from "./command_call.ts";
import { fail, refuse, say } from "./report.ts";
import { SAMPLES } from "./samples.ts";
import type { Sample, SampleName } from "./samples.ts";

/** A command that has a sample. */
export function hasSample(command: CommandName): command is SampleName {
  return Object.hasOwn(SAMPLES, command);
}

/** Returns the command that writes the sample of one file; existing files are not overwritten. */
export function initOf(
  name: SampleName,
): (flags: Readonly<Record<string, string>>, call: CommandCall) => Promise<ExitCode> {
  return async (flags, { world, problems, operands: [, path = ""], json }) => {
    const unused = Object.keys(flags).map((flag) => `--${flag}: ${name} init does not take it`);
    const all = [
      ...problems,
      ...unused,
      ...(path === "" && problems.length === 0 ? [`${name} init: expected a path`] : []),
    ];
    if (all.length > 0) return await refuse(world, all);
    const file = resolve(path);
    const page = `${file}.md`;
    try {
      for (const each of [file, page]) {
        if (await isThere(each)) {
          return await fail(world, `Cannot write ${each} as it exists already: name another path`);
        }
      }
      await Deno.mkdir(dirname(file), { recursive: true });
      await writeAll({
        [file]: `${JSON.stringify(SAMPLES[name].content, null, 2)}\n`,
        [page]: pageText(SAMPLES[name], file),
      });
    } catch (error) {
      if (!(error instanceof Error && ("code" in error || error instanceof Deno.errors.NotCapable))) throw error;
      return await fail(world, `Cannot write ${file}: ${reasonOf(error)}`);
    }
    if (json || !world.stdout.isTerminal()) {
      await print(world.stdout, JSON.stringify({ file, explanation: page }));
      return 0;
    }
    const use = useOf(SAMPLES[name], file);
    await say(world, `Written: ${file}\nExplained in ${page}\nUse it with ${use}`, world.stdout);
    return 0;
  };
}

/** Accessible only to the user, as the file decides who may do what. */
const NEW = { createNew: true, mode: 0o600 } as const;

/** New files, all or none. */
async function writeAll(texts: Readonly<Record<string, string>>): Promise<void> {
  const written: string[] = [];
  try {
    for (const [path, text] of Object.entries(texts)) {
      await Deno.writeTextFile(path, "", NEW);
      written.push(path);
      await Deno.writeTextFile(path, text);
    }
  } catch (error) {
    for (const path of written) await Deno.remove(path).catch(() => {});
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

function pageText(sample: Sample, file: string): string {
  return `# ${sample.title}\n\nThis page explains \`${file}\`. Use it with \`${
    useOf(sample, file)
  }\`.\n\n${sample.explanation()}\n`;
}

function useOf({ use }: Sample, file: string): string {
  return use.replaceAll("PATH", file);
}
