/** The completion script of bash 3.2 (the version of macOS) and later. */

import type { CompletedFlag, CompletionTable, Operand } from "./completion_table.ts";

/** Each row of the script's table is a word: `--trading=off|confirm`, `--tools=market,account`, `--policy=<file>`. */
export function bashScript({ commands, tools }: CompletionTable): string {
  const rows = commands.map(({ name, flags, operands }) =>
    `    ${quoted(name)}) flags=(${list(flags.map(flagRow))}) operands=(${list(operands.map(operandRow))}) ;;`
  );
  return `# bash completion of luno-mcp-server
_luno_mcp_server() {
  local cur word flag command=serve tool= takes= head= at=1 last=0 operand=0
  local words=('') flags=() operands=() candidates=()
  # Readline splits words at = and : too.
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if ((last > 0)) && [[ $word == [=:]* || \${words[last]} == *[=:] ]]; then words[last]+=$word
    else words[++last]=$word
    fi
  done
  cur=\${words[last]}
  if ((last > 1)); then
    case \${words[1]} in ${commands.map(({ name }) => quoted(name)).join("|")}) command=\${words[1]} at=2 ;; esac
  fi
  case $command in
${rows.join("\n")}
  esac
  for word in "\${words[@]:at:last-at}"; do
    if [[ -n $takes ]]; then takes=
    elif [[ $word == -* ]]; then
      for flag in "\${flags[@]}"; do [[ $flag == "$word="* ]] && takes=$flag; done
    else
      [[ \${operands[operand]} == '<tool>' ]] && tool=$word
      [[ \${operands[operand]} != '<arguments>' ]] && ((operand += 1))
    fi
  done
  if [[ -z $takes && $cur == -*=* ]]; then
    head=\${cur%%=*}=
    for flag in "\${flags[@]}"; do [[ $flag == "$head"* ]] && takes=$flag; done
  fi
  case $takes in
    *'=<file>') _luno_mcp_server_paths default -f "\${cur#"$head"}"; return ;;
    *'=<folder>') _luno_mcp_server_paths dirnames -d "\${cur#"$head"}"; return ;;
    *=*)
      [[ $takes == *,* && $cur == *,* ]] && head=\${cur%,*},
      IFS='|,' read -r -a candidates <<<"\${takes#*=}"
      ;;
    *)
      case $cur:\${operands[operand]} in
        -*) candidates=("\${flags[@]%%=*}") ;;
        *:'<tool>') candidates=(${list(tools.map(({ name }) => name))}) ;;
        *:'<arguments>')
          case $tool in
${tools.map(({ name, words }) => `            ${quoted(name)}) candidates=(${list(words)}) ;;`).join("\n")}
          esac
          ;;
        *) IFS='|' read -r -a candidates <<<"\${operands[operand]}" ;;
      esac
      ((last < 2)) && [[ $cur != -* ]] && candidates=(${list(commands.map(({ name }) => name))})
      ;;
  esac
  for word in "\${candidates[@]}"; do
    word=$head$word
    # Readline's own word, the second argument, may be no more than the end of it.
    [[ $word == "$cur"* ]] && COMPREPLY+=("\${word:\${#cur}-\${#2}}")
  done
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
# bash before 4 has no compopt.
_luno_mcp_server_paths() {
  local path
  compopt -o "$1" 2>/dev/null && return
  while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen "$2" -- "$3")
}
complete -F _luno_mcp_server luno-mcp-server
`;
}

function flagRow({ name, value }: CompletedFlag): string {
  if (value === undefined) return name;
  if (value.kind === "words") return `${name}=${value.words.join(value.isList ? "," : "|")}`;
  return value.kind === "text" ? `${name}=` : `${name}=<${value.kind}>`;
}

function operandRow(operand: Operand): string {
  return typeof operand === "string" ? `<${operand}>` : operand.join("|");
}

function list(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
