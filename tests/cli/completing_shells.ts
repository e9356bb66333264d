/** Shells that complete a test's input, each with its own completion. */

import { join } from "node:path";

/** The completions of a line in a folder; empty when nothing fits, several when it is ambiguous. */
export type Complete = (script: string, lines: readonly string[], folder: string) => Promise<string[]>;

/** Whether a program is installed. */
export async function isInstalled(program: string): Promise<boolean> {
  return (await new Deno.Command("sh", { args: ["-c", 'command -v "$1"', "sh", program] }).output()).success;
}

/** How to run the completion of each shell. */
export const SHELLS_AT_WORK: Readonly<Record<string, Complete>> = { bash, zsh, fish };

/** Calls the function as readline does, which splits words at = and : as well. */
async function bash(script: string, lines: readonly string[], folder: string): Promise<string[]> {
  const pieces = lines.map((line) =>
    `luno-mcp-server ${line}`.split(/ +|([=:]+)/).filter((piece) => piece !== undefined)
  );
  const calls = pieces.map((words) => {
    const typed = words.filter((word, at) =>
      word !== "" || at === words.length - 1 && !/[=:]$/.test(words[at - 1] ?? "")
    );
    const last = typed.at(-1) ?? "";
    const current = /^[=:]+$/.test(last) ? "" : last;
    return `COMPREPLY=() COMP_WORDS=(${typed.map(quoted).join(" ")}) COMP_CWORD=${typed.length - 1}
_luno_mcp_server luno-mcp-server ${quoted(current)}; echo "\${COMPREPLY[*]}"`;
  });
  const out = await run([
    "bash",
    "-c",
    `${script}\ncomplete -p luno-mcp-server >/dev/null || exit\n${calls.join("\n")}`,
  ], folder);
  return out.split("\n").slice(0, -1).map((reply, at) => {
    const start = /[^ ]*[=:]$|[^ ]*[=:](?=[^ =:]*$)/.exec(lines[at] ?? "")?.[0] ?? "";
    return reply === "" ? "" : start + reply;
  });
}

/** Types into a separate shell, where Tab completes and shows the line. */
async function zsh(script: string, lines: readonly string[], folder: string): Promise<string[]> {
  const home = join(folder, "home");
  await Deno.writeTextFile(
    join(home, "setup"),
    `PS1= PS2=\nsetopt no_beep no_list_beep\nautoload -U compinit; compinit -u -D\n. ${quoted(join(home, "script"))}
show() { zle complete-word; print -rn -- "<<$BUFFER>>"; BUFFER= }\nzle -N show; bindkey '^I' show; print READY`,
  );
  await Deno.writeTextFile(join(home, "script"), script);
  const driver = `zmodload zsh/zpty; zpty inner zsh -f -i; zpty -w inner '. "$HOME/setup"'; zpty -r inner out '*READY*'
for line; do
  zpty -w -n inner "luno-mcp-server $line"$'\\t'; zpty -r inner out '*<<*>>*'; print -r -- \${\${out##*<<}%%>>*}
done; zpty -d inner`;
  const out = await run(["zsh", "-f", "-c", driver, "zsh", ...lines], folder);
  return out.split("\n").slice(0, -1).map((buffer, at) =>
    buffer === `luno-mcp-server ${lines[at]}` ? "" : buffer.trimEnd().replace(/^.* /, "")
  );
}

async function fish(script: string, lines: readonly string[], folder: string): Promise<string[]> {
  await Deno.writeTextFile(join(folder, "home", "script"), script);
  const driver =
    'source "$HOME/script"; for line in $argv; echo (complete -C "luno-mcp-server $line" | string split -f1 \\t); end';
  const out = await run(["fish", "--no-config", "-c", driver, ...lines], folder);
  return out.split("\n").slice(0, -1);
}

/** Runs in the folder, with a home folder within it. */
async function run(command: readonly string[], folder: string): Promise<string> {
  await Deno.mkdir(join(folder, "home"), { recursive: true });
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", 'exec "$@"', "sh", ...command],
    cwd: folder,
    env: { HOME: join(folder, "home"), XDG_CONFIG_HOME: "", XDG_DATA_HOME: "", TERM: "dumb" },
  }).output();
  return new TextDecoder().decode(stdout);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
