/** `call`: runs one tool by the same path as a client's call, and prints the answer. */

import { callTool } from "../protocol/tool_call.ts";
import { argumentSchemas } from "../tools/argument_problems.ts";
import { selectTools } from "../tools/catalogue.ts";
import { didYouMean } from "../text/nearest_word.ts";
import type { LoadedConfig } from "../config/load.ts";
import { exitCodeOf, exitCodeOfError } from "./exit_code.ts";
import { prepareBackend } from "../server/lazy_backend.ts";
import { LOCAL_CALLER } from "../access/caller.ts";
import { answerCall } from "./answer_call.ts";
import { checkToolWords, readToolArguments } from "./terminal/tool_arguments.ts";
import { refuse } from "./report.ts";
import type { ExitCode, World } from "../world.ts";

/** Runs `operands`: the tool's name and its arguments as `name=value`. Exit code 1 when the tool answers an error. */
export async function call(
  loaded: LoadedConfig,
  world: World,
  { operands, json, wide = false }: { operands: readonly string[]; json: boolean; wide?: boolean },
): Promise<ExitCode> {
  const tools = selectTools(loaded.config.tools);
  const [name = "", ...words] = operands;
  const tool = tools.find(name);
  if (tool === undefined) {
    const names = tools.listed.map((listed) => listed.name);
    return await refuse(world, [
      `unknown tool ${JSON.stringify(name)}${didYouMean(name, names)}; run: luno-mcp-server tools`,
    ]);
  }
  const malformed = checkToolWords(words);
  if (malformed.length > 0) return await refuse(world, malformed);
  const args = readToolArguments(words, argumentSchemas(tool.input));
  const prepared = await prepareBackend(loaded, world, { startedMs: world.monotonic(), isServer: false });
  if (!prepared.ok) return await refuse(world, prepared.problems);
  const { backend } = prepared;
  try {
    const { contextOf } = await backend.get();
    const outcome = await callTool(tool, args, { ...contextOf(LOCAL_CALLER), signal: world.shutdown });
    const code = outcome.ok ? exitCodeOf(name, outcome.value) : exitCodeOfError(name, outcome.error.code);
    const answer = outcome.ok ? outcome.value : { error: outcome.error };
    return await answerCall(answer, { tool: name, code, world, json, wide });
  } finally {
    await backend.close();
  }
}
