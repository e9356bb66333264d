/** Users meet plain English and the field's own words: what they read is searched for words that are neither. */

import assert from "node:assert/strict";
import { COMMANDS } from "../src/cli/commands.ts";
import { COMMAND_SETTINGS } from "../src/config/command_settings.ts";
import type { CommandName } from "../src/config/command_settings.ts";
import type { Settings } from "../src/config/setting.ts";
import { catalogue } from "../src/tools/catalogue.ts";

const ROOT = new URL("..", import.meta.url);

/** What is not to be read, and what to write instead. */
const BANNED: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\b(he|him|his|himself)\b/i, "you, they, their"],
  [/\bnobody is asked\b|\basked who\b|\bwho is calling\b|\basks nobody\b/i, "anonymous access, authentication"],
  [/\bidentity sources?\b/i, "authentication method"],
  [
    /\b(is|are|be|who|lets?) (let in|turned away)\b|\blets? (somebody|nobody|everybody|whoever)\b/i,
    "admitted, rejected",
  ],
  [/\bcallers?\b/i, "client (connects), identity (who it is)"],
  [/\b(held|holds?|holding) [^.|]{0,60}\bagainst\b/i, "checked against"],
  [/\bmade-up (money|funds)\b/i, "simulated funds, paper funds"],
  [/\bkill switch(es)?\b/i, "halt, halting trading"],
  [/(?<!-)\b(lifted|lifts|lifting|a lift)\b/i, "resumed, resume"],
  [/\beras?\b/i, "protocol revision"],
  [/\blook-ups?\b/i, "reconciliation, lookup"],
  [/\bmend(s|ed|ing)?\b/i, "fix, correct"],
  [/\bthe record\b/i, "the audit log, the order journal, the database"],
  [/\bworth\b/i, "value"],
  [/\bmiddle of the book\b/i, "mid price"],
  [/\b(calls|requests|orders|previews) an? (minute|second)\b/i, "per minute"],
  [/\bread again on\b/i, "reloaded on"],
  [/\boff loopback\b/i, "on a non-loopback address"],
  [/\bis wrong about\b|\bin sentences what\b/i, "problems in, explains"],
  [/\bjudge[sd]?\b|\bjudging\b/i, "check, validate, evaluate"],
  [/\b(perils?|lanes?|doors?|the desk|unwritten)\b/i, "faults, fast path, relay, order executor, pending"],
  [/\b(is|are|was|were|who) cut off\b/i, "disconnected, truncated"],
  [/\bhonestly\b|\bwithout a word\b|\btakes? the word\b/i, "say it plainly"],
  [/\b(message|request)s? (has|had|have) a price\b/i, "counts against the allowance"],
  [/\bstands? (in|on) the\b/i, "is in, is on"],
  [/\bsource is configured\b/i, "authentication method"],
];

/** Text of a page that somebody wrote: no code, no addresses of links. */
function prose(page: string): string {
  return page.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "").replaceAll(/`[^`\n]*`/g, "CODE").replaceAll(
    /\]\([^)]*\)/g,
    "]",
  );
}

/** The banned words in a text, each with what stands around it. */
function findBanned(text: string): string[] {
  const plain = text.replaceAll(/\s+/g, " ");
  return BANNED.flatMap(([pattern, instead]) =>
    [...plain.matchAll(new RegExp(pattern.source, "gi"))].map(({ 0: word, index }) =>
      `${word} (say ${instead}): …${plain.slice(Math.max(0, index - 40), index + 50)}…`
    )
  );
}

const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];
for await (const { name } of Deno.readDir(new URL("docs/", ROOT))) if (name.endsWith(".md")) pages.push(`docs/${name}`);

for (const page of pages) {
  Deno.test(`${page} uses plain words`, async () => {
    assert.deepEqual(findBanned(prose(await Deno.readTextFile(new URL(page, ROOT)))), []);
  });
}

for (const [name, settings] of Object.entries(COMMAND_SETTINGS) as [CommandName, Settings][]) {
  Deno.test(`the help of ${name} uses plain words`, () => {
    const helps = Object.values(settings).map(({ help }) => help);
    assert.deepEqual([COMMANDS[name].summary, ...helps].flatMap(findBanned), []);
  });
}

Deno.test("titles and descriptions of tools use plain words", () => {
  assert.deepEqual(catalogue.flatMap(({ title, description }) => findBanned(`${title}: ${description}`)), []);
});

Deno.test("findBanned() finds a word across a line break, and leaves code alone", () => {
  assert.equal(findBanned(prose("The order is held\nagainst a policy. `the record` stays.")).length, 1);
  assert.equal(findBanned("Everyone reads plain words.").length, 0);
});
