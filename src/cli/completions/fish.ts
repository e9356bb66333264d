/** The completion script of fish. */

import type { CompletedCommand, CompletedFlag, CompletionTable, Operand, Value } from "./completion_table.ts";

/** One line per completion, with the operands that must precede it. */
export function fishScript({ commands, tools }: CompletionTable): string {
  const flags = commands.flatMap(({ name, flags }) => flags.map((flag) => ({ name, flag })));
  const places = Map.groupBy(flags, ({ flag }) => flagOptions(flag));
  const valued = new Set(flags.flatMap(({ flag: { name, value } }) => value === undefined ? [] : [name]));
  return `# fish completion of luno-mcp-server
function __luno_mcp_server_operands
    set -l skip no
    for word in (commandline -opc)[2..]
        if test $skip = yes
            set skip no
        else if contains -- $word ${[...valued].map(quoted).join(" ")}
            set skip yes
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end
function __luno_mcp_server_in
    set -l operands (__luno_mcp_server_operands) serve
    contains -- $operands[1] $argv
end
# At the operand behind these ones, or where they begin.
function __luno_mcp_server_behind
    set -l operands (__luno_mcp_server_operands)
    test "$operands" = "$argv"
end
function __luno_mcp_server_begins
    set -l operands (__luno_mcp_server_operands)
    string match -q -- "$argv *" "$operands "
end
complete -c luno-mcp-server -f
${commands.map(({ name, summary }) => line("__luno_mcp_server_behind", words([name]), summary)).join("\n")}
${
    [...places].map(([options, found]) =>
      line(`__luno_mcp_server_in ${found.map(({ name }) => name).join(" ")}`, options, found[0]?.flag.help)
    ).join("\n")
  }
${commands.flatMap((command) => operandLines(command, tools)).join("\n")}
`;
}

function flagOptions({ name, value }: CompletedFlag): string {
  return `-l ${name.slice(2)}${value === undefined ? "" : ` ${valueOptions(value)}`}`;
}

function valueOptions(value: Value): string {
  switch (value.kind) {
    case "words":
      if (value.isList) return `-x -a ${quoted(`(__fish_append , ${value.words.map(escaped).join(" ")})`)}`;
      // Without the tab, each value would get the flag's description.
      return `-x -a ${quoted(value.words.map((word) => `${escaped(word)}\\t`).join(" "))}`;
    case "file":
      return "-r -F";
    case "folder":
      return "-x -a '(__fish_complete_directories)'";
    case "text":
      return "-x";
  }
}

/** Before a tool, only words without alternatives can occur, as in `client call`. */
function operandLines({ name, operands }: CompletedCommand, tools: CompletionTable["tools"]): string[] {
  const before = [name];
  return operands.flatMap((operand: Operand) => {
    const place = before.join(" ");
    if (operand === "arguments") {
      return tools.map((tool) => line(`__luno_mcp_server_begins ${place} ${tool.name}`, words(tool.words)));
    }
    if (operand === "tool") {
      return tools.map((tool) => line(`__luno_mcp_server_behind ${place}`, words([tool.name]), tool.title));
    }
    if (operand.length === 1) before.push(...operand);
    return operand.length === 0 ? [] : [line(`__luno_mcp_server_behind ${place}`, words(operand))];
  });
}

function line(condition: string, options: string, description?: string): string {
  const told = description === undefined ? "" : ` -d ${quoted(description)}`;
  return `complete -c luno-mcp-server -n ${quoted(condition)} ${options}${told}`;
}

function words(list: readonly string[]): string {
  return `-a ${quoted(list.map(escaped).join(" "))}`;
}

/** A word of a list that fish expands a second time. */
function escaped(word: string): string {
  return word.replaceAll(/[^\w:.,=-]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
