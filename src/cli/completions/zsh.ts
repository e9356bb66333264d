/** The completion script of zsh: a file of `$fpath`, or sourced after `compinit`. */

import type { CompletedCommand, CompletedFlag, CompletionTable, Operand, Value } from "./completion_table.ts";

/** Commands and tools with their descriptions; everything else in the syntax of `_arguments`. */
export function zshScript({ commands, tools }: CompletionTable): string {
  return `#compdef luno-mcp-server
# zsh completion of luno-mcp-server
_luno-mcp-server() {
  local curcontext=$curcontext state line command=serve
  typeset -A opt_args
  local -a commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${escaped(name)}:${summary}`)}`).join("\n")}
  )
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _describe -t commands command commands
    return
  fi
  if [[ $words[2] == (${commands.map(({ name }) => quoted(name)).join("|")}) ]]; then
    command=$words[2]
    shift words
    ((CURRENT--))
  fi
  case $command in
${commands.map(commandCase).join("\n")}
  esac
}
_luno-mcp-server-tools() {
  local -a tools=(
${tools.map(({ name, title }) => `    ${quoted(`${escaped(name)}:${title}`)}`).join("\n")}
  )
  _describe -t tools tool tools
}
_luno-mcp-server-arguments() {
  local -a candidates
  case $1 in
${tools.map(({ name, words }) => `    ${quoted(name)}) candidates=(${words.map(quoted).join(" ")}) ;;`).join("\n")}
  esac
  compadd -S '' -- \${(M)candidates:#*=}
  compadd -- \${candidates:#*=}
}
if [[ $funcstack[1] == _luno-mcp-server ]]; then _luno-mcp-server "$@"
else compdef _luno-mcp-server luno-mcp-server
fi
`;
}

function commandCase({ name, flags, operands }: CompletedCommand): string {
  const tool = operands.indexOf("tool") + 1;
  const specs = [...flags.map(flagSpec), ...operands.map((operand, at) => operandSpec(operand, { at: at + 1, tool }))];
  return `    ${quoted(name)}) _arguments ${specs.map(quoted).join(" ")} ;;`;
}

function flagSpec({ name, help, value }: CompletedFlag): string {
  const explanation = `[${help.replaceAll(/[\\[\]:]/g, "\\$&")}]`;
  return value === undefined ? name + explanation : `${name}=${explanation}:${name.slice(2)}:${action(value)}`;
}

function action(value: Value): string {
  switch (value.kind) {
    case "words":
      return value.isList ? `_sequence compadd - ${value.words.map(escaped).join(" ")}` : choice(value.words);
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    case "text":
      return " ";
  }
}

function operandSpec(operand: Operand, { at, tool }: { at: number; tool: number }): string {
  if (operand === "tool") return `${at}:tool:_luno-mcp-server-tools`;
  if (operand === "arguments") return `*:argument:{_luno-mcp-server-arguments $line[${tool}]}`;
  return `${at}:operand:${operand.length === 0 ? " " : choice(operand)}`;
}

function choice(words: readonly string[]): string {
  return `(${words.map(escaped).join(" ")})`;
}

/** Escapes colons, blanks and brackets. */
function escaped(word: string): string {
  return word.replaceAll(/[^\w.,=-]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
