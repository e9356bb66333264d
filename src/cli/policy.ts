/** `policy`: validates a policy file, explains what an identity may do, and publishes it. */

import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import type { Parsed } from "../config/parse.ts";
import { misplacedFlags, policyProblems } from "../config/rules/command_rules.ts";
import { quoteTyped } from "../config/typed_text.ts";
import type { PolicyBounds, TradingBound } from "../trading/policy/policy_file.ts";
import { PolicyFile } from "../trading/policy/policy_file.ts";
import { policyJsonSchema } from "../trading/policy/policy_schema.ts";
import { explainPolicy } from "../trading/policy/policy_words.ts";
import { didYouMean } from "../text/nearest_word.ts";
import type { CommandCall } from "./command_call.ts";
import { readPolicy } from "../server/read_policy.ts";
import { isPublishedVerb, publishedCommand } from "./published.ts";
import { refuse, say } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode } from "../world.ts";

/** Runs the action in the operand. */
export async function policy(
  flags: Readonly<Record<string, string>>,
  call: CommandCall,
): Promise<ExitCode> {
  const { world, problems, operands: [action, ...more], json } = call;
  if (isPublishedVerb(action)) return await publishedCommand("policy")(flags, call);
  const parsed = parseSettings(COMMAND_SETTINGS.policy, { flags, env: world.env });
  const all = [...problems, ...(parsed.ok ? [] : parsed.problems), ...checkAction(action, parsed)];
  all.push(...more.map((operand) => `${quoteTyped(operand)}: unexpected argument, --policy names the file`));
  const file = parsed.values.schema ? new PolicyFile() : await readPolicy(parsed.values.policy, all);
  if (!parsed.ok || file === undefined || all.length > 0) return await refuse(world, all);
  const { trading, confirmBy, client, schema } = parsed.values;
  if (schema) {
    await print(world.stdout, JSON.stringify(policyJsonSchema(), null, 2));
    return 0;
  }
  const everybody = [...new Set([EVERYBODY_ELSE, "local", ...file.identities])];
  const identities = client === undefined ? everybody : [client];
  const shown = { identities, trading, confirmBy };
  const asJson = json || !world.stdout.isTerminal();
  if (asJson) await print(world.stdout, asRecords(file, shown));
  else await say(world, inWords(file, shown), world.stdout);
  return 0;
}

function checkAction(
  action: string | undefined,
  { values, origins }: Parsed<typeof COMMAND_SETTINGS.policy>,
): string[] {
  if (action === "check" || action === "explain") {
    return [...misplacedFlags("policy", action, origins), ...policyProblems(action, values)];
  }
  const words = ["check", "explain", "publish", "rollback", "show", "versions", "init"];
  const expected = "expected policy check, explain, publish, rollback, show, versions or init";
  return [`${action ?? "policy"}: ${expected}${didYouMean(action ?? "", words)}`];
}

interface Shown extends PolicyBounds {
  readonly identities: readonly string[];
  readonly trading: TradingBound;
}

function inWords(file: PolicyFile, { identities, trading, ...bounds }: Shown): string {
  return identities.map((identity) => {
    const sentences = explainPolicy(identity, file.policyOf(identity, trading, bounds));
    const note = isNamed(file, identity)
      ? []
      : [`The policy names no ${identity}: this is what holds for everybody else`];
    return [...sentences, ...note].join("\n  ");
  }).join("\n\n");
}

function asRecords(file: PolicyFile, { identities, trading, ...bounds }: Shown): string {
  return JSON.stringify({
    policies: identities.map((identity) => {
      const rules = file.policyOf(identity, trading, bounds);
      const record = inFileNames({ ...rules });
      return { identity, named: isNamed(file, identity), ...record, sentences: explainPolicy(identity, rules) };
    }),
  });
}

/** Whether a policy has an entry for an identity; `everybody else` and `local` are not identities' names. */
function isNamed(file: PolicyFile, identity: string): boolean {
  return identity === EVERYBODY_ELSE || identity === "local" || file.identities.includes(identity);
}

const EVERYBODY_ELSE = "everybody else";

/** Names of members as in a policy file: `max_per_order` for `maxPerOrder`. */
function inFileNames(rules: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(rules).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      typeof value === "object" && value !== null && !Array.isArray(value) ? inFileNames({ ...value }) : value,
    ]),
  );
}
