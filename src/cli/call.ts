/** `call`: runs one tool on the same path as a client's call and prints the answer. */

import { z } from "zod";
import { callTool } from "../protocol/tool_call.ts";
import type { ToolOutcome } from "../protocol/tool_call.ts";
import { selectTools } from "../tools/catalogue.ts";
import type { Tool } from "../tools/tool.ts";
import { openBackend } from "./backend.ts";
import { didYouMean } from "./did_you_mean.ts";
import type { LoadedConfig } from "./exchange.ts";
import { formatAnswer } from "./table.ts";
import { print, refuse } from "./world.ts";
import type { ExitCode, World } from "./world.ts";

/** Runs `operands`: a tool's name and its arguments as `name=value`. Exit code 1 when the tool answers an error. */
export async function call(
  loaded: LoadedConfig,
  world: World,
  { operands, json }: { operands: readonly string[]; json: boolean },
): Promise<ExitCode> {
  const tools = selectTools(loaded.config.tools);
  const [name = "", ...words] = operands;
  const tool = tools.find(name);
  if (tool === undefined) {
    const names = tools.listed.map((listed) => listed.name);
    return await refuse(world, [`${name}: unknown tool${didYouMean(name, names)}`]);
  }
  const malformed = words.filter((word) => !/^[A-Za-z_]\w*=/.test(word));
  if (malformed.length > 0) return await refuse(world, malformed.map((word) => `${word}: expected name=value`));
  const backend = await openBackend(loaded, world, world.monotonic());
  try {
    const outcome = await callTool(tool, readArguments(tool, words), { ...backend.context, signal: world.shutdown });
    await printOutcome(outcome, world, json);
    return outcome.ok ? 0 : 1;
  } finally {
    await backend.close();
  }
}

async function printOutcome(outcome: ToolOutcome, world: World, json: boolean): Promise<void> {
  const value = outcome.ok ? outcome.value : { error: outcome.error };
  const asJson = json || !world.stdout.isTerminal();
  await print(world.stdout, asJson ? JSON.stringify(value) : formatAnswer(value));
}

/** Reads `name=value` words as the tool's schema wants them: lists by comma, numbers and flags by their look. */
function readArguments(tool: Tool, words: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(words.map((word) => {
    const at = word.indexOf("=");
    const name = word.slice(0, at);
    const schema: z.ZodType | undefined = tool.input.shape[name];
    return [name, readValue(schema, word.slice(at + 1))];
  }));
}

/** The first reading that the schema takes; the text itself where none does, so that the tool's own refusal is shown. */
function readValue(schema: z.ZodType | undefined, text: string): unknown {
  if (schema === undefined) return text;
  const readings: unknown[] = [text, text.split(",").map((part) => part.trim())];
  if (/^-?\d{1,15}$/.test(text)) readings.push(Number(text));
  if (text === "true" || text === "false") readings.push(text === "true");
  return readings.find((reading) => schema.safeParse(reading).success) ?? text;
}
