import assert from "node:assert/strict";
import { join } from "node:path";
import { COMMANDS, flagsOf } from "../../src/cli/commands.ts";
import { completions, SHELLS } from "../../src/cli/completions.ts";
import { completionTable } from "../../src/cli/completions/completion_table.ts";
import type { CommandName } from "../../src/config/command_settings.ts";
import { isInstalled, SHELLS_AT_WORK } from "./completing_shells.ts";
import { TestWorld } from "./world.ts";

const table = completionTable();

/** Text typed after the program's name, and its last word as a shell completes it; nothing when nothing fits. */
const TYPED: Readonly<Record<string, string>> = {
  "comp": "completions",
  "help aud": "audit",
  "completions f": "fish",
  "keys cr": "create",
  "setup cur": "cursor",
  "config p": "print",
  "--trad": "--trading",
  "--trading c": "confirm",
  "--trading=c": "--trading=confirm",
  "serve --log-level w": "warning",
  "keys create x --scopes market:read,acc": "market:read,account:read",
  "--seed 1 --tools market,acc": "market,account",
  "--policy pol": "policy.json",
  "--state bo": "books",
  "call get_fe": "get_fees",
  "call get_fees ": "pair=",
  "call --trading auto place_order pair=XBTZAR side=S": "side=SELL",
  "client ca": "call",
  "client call get_fees p": "pair=",
  "kill --lif": "--lift",
  "kill --transp": "",
  "call get_fees --port ": "",
  "frobnicate get_fe": "",
};

/** How a script describes flags with choices, lists, files, folders and free text, and a tool and its arguments. */
const ROWS: Readonly<Record<string, readonly string[]>> = {
  bash: [
    "'--trading=off|confirm|auto' '--policy=<file>'",
    "'--tools=market,account,trading,server'",
    "'--state=<folder>'",
    "'--port='",
    "'call') flags=(",
    "operands=('<tool>' '<arguments>')",
    "'get_fees') candidates=('pair=') ;;",
  ],
  zsh: [
    ":trading:(off confirm auto)'",
    ":tools:_sequence compadd - market account trading server'",
    ":policy:_files'",
    ":state:_files -/'",
    ":port: '",
    "'1:tool:_luno-mcp-server-tools' '*:argument:{_luno-mcp-server-arguments $line[1]}'",
    "'get_fees') candidates=('pair=') ;;",
  ],
  fish: [
    "-l trading -x -a 'off\\\\t confirm\\\\t auto\\\\t'",
    "-l tools -x -a '(__fish_append , market account trading server)'",
    "-l policy -r -F",
    "-l state -x -a '(__fish_complete_directories)'",
    "-l port -x -d",
    "-n '__luno_mcp_server_behind call' -a 'get_fees' -d 'Trading fees'",
    "-n '__luno_mcp_server_begins client call get_fees' -a 'pair='",
  ],
  powershell: [
    "approves each order; auto: as the policy says', 'off', 'confirm', 'auto')",
    "'market', 'account', 'trading', 'server')",
    "reloaded on SIGHUP', '<file>')",
    "default: the user''s state folder', '<folder>')",
    "picks a free one', '')",
    "'call' = @('<tool>', '<arguments>')",
    "'get_fees' = @('pair=')",
  ],
};

/** Characters with a meaning in some shell. */
const ODD = "'; touch a; $(touch b) `touch c` \"; touch d; ]:[ ’; touch e; ’ \\'; touch f";

const installed = [
  "bash",
  ...(await isInstalled("zsh") ? ["zsh"] : []),
  ...(await isInstalled("fish") ? ["fish"] : []),
];

for (const [shell, scriptOf] of Object.entries(SHELLS)) {
  Deno.test(`the ${shell} script contains every command with its flags, every tool and every argument`, () => {
    const script = scriptOf(table);
    const words = new Set(script.match(/[\w-]+=?/g));
    const flags = (Object.keys(COMMANDS) as CommandName[]).flatMap((name) => flagsOf(name).map(({ flag }) => flag));
    const wanted = [
      ...Object.keys(COMMANDS),
      ...flags.map((flag) => shell === "fish" ? flag : `--${flag}`),
      ...table.tools.map(({ name }) => name),
      ...table.tools.flatMap((tool) => tool.words.map((word) => word.replace(/=.*/, "="))),
    ];
    assert.deepEqual(wanted.filter((word) => !words.has(word) && !words.has(`${word}=`)), []);
    assert.deepEqual(ROWS[shell]?.filter((row) => !script.includes(row)), []);
  });

  Deno.test(`completions ${shell} prints the script, or a document with --json`, async () => {
    assert.equal(await printed(shell), scriptOf(table));
    assert.deepEqual(JSON.parse(await printed(shell, true)), { shell, script: scriptOf(table) });
  });

  Deno.test(`the ${shell} script quotes texts of the tables, whatever their characters mean to the shell`, () => {
    const script = scriptOf({
      commands: [{ name: "odd", summary: ODD, flags: [{ name: "--odd", help: ODD }], operands: [[ODD]] }],
      tools: [{ name: "odd", title: ODD, words: [`odd=${ODD}`] }],
    });
    assert.ok(script.includes("touch a"));
    // Text outside of quotes, of which PowerShell has four more and fish an escape.
    const text = {
      powershell: /'(?:[^'‘’‚‛]|['‘’‚‛]{2})*'/g,
      fish: /'(?:[^'\\]|\\.)*'/g,
    }[shell] ?? /'[^']*'|\\'/g;
    assert.ok(!script.replaceAll(text, "").includes("touch"), script.replaceAll(text, ""));
  });
}

for (const shell of installed) {
  Deno.test(`${shell} completes commands, flags, their values, paths, tools and arguments`, () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(join(folder, "policy.json"), "{}");
      await Deno.writeTextFile(join(folder, "book.txt"), "");
      await Deno.mkdir(join(folder, "books"));
      const lines = Object.keys(TYPED);
      const answers = await SHELLS_AT_WORK[shell]?.(SHELLS[shell]?.(table) ?? "", lines, folder) ?? [];
      // After a folder, a list or a flag some shells append what may follow.
      const words = answers.map((word) => word.replace(/[/,]$|(?<=^--[a-z]+)=$/, ""));
      assert.deepEqual(Object.fromEntries(lines.map((line, at) => [line, words[at]])), TYPED);
    }));

  Deno.test(`${shell} executes no text of the tables`, () =>
    inFolder(async (folder) => {
      const script = SHELLS[shell]?.({
        commands: [{
          name: "serve",
          summary: ODD,
          flags: [{ name: "--odd", help: ODD, value: { kind: "words", words: [ODD, "plain"], isList: false } }],
          operands: [[ODD, "even"]],
        }, { name: "call", summary: ODD, flags: [], operands: ["tool", "arguments"] }],
        tools: [{ name: "odd", title: ODD, words: [`odd=${ODD}`, "none="] }],
      }) ?? "";
      const lines = ["s", "serve --odd pl", "serve ", "serve ev", "call o", "call odd n"];
      const answers = await SHELLS_AT_WORK[shell]?.(script, lines, folder) ?? [];
      assert.deepEqual([0, 1, 3, 4, 5].map((at) => answers[at]), ["serve", "plain", "even", "odd", "none="]);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(folder), ({ name }) => name), ["home"]);
    }));
}

Deno.test("completions refuses an unknown shell, and reports every other problem with it", async () => {
  const world = new TestWorld({ args: ["completions"] });
  const call = { world, problems: ["--x: unknown flag"], operands: ["tcsh"], json: false };
  assert.equal(await completions({}, call), 2);
  assert.match(world.stderr.text, /^--x: unknown flag\ntcsh: expected bash, zsh, fish or powershell\n/);
});

async function printed(shell: string, json = false): Promise<string> {
  const world = new TestWorld();
  assert.equal(await completions({}, { world, problems: [], operands: [shell], json }), 0);
  return world.stdout.text;
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, "home"));
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
