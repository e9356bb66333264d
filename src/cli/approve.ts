/** `approve`: lets a person approve or decline waiting orders in a terminal. */

import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import type { Approval, Decided } from "../trading/record/approval.ts";
import { EQUAL_WAITS } from "../trading/confirmation/confirmer.ts";
import { summaryText } from "../trading/orders/order_summary.ts";
import type { Approvals } from "../trading/record/approvals.ts";
import { clockTime } from "../text/clock_time.ts";
import type { CommandCall } from "./command_call.ts";
import { hasNoRecord, withRecord } from "./open_record.ts";
import { missingNamed } from "./find_folder.ts";
import { findRecord } from "./find_record.ts";
import { fail, refuse, say } from "./report.ts";
import { isYes, readAnswer } from "./terminal/read_answer.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** The approver, in the audit log. */
const BY = "terminal";

const NONE_WAITS = "No order waits for approval";

const REASONS = {
  unknown: "no order waits under this id: see approve",
  expired: "its time is over: ask for it again",
  decided: "it was decided already",
  elsewhere: "confirm_by of the policy has it decided on its page only",
} as const satisfies Record<Extract<Decided, { ok: false }>["reason"], string>;

/** Decides the order in the operand; without one, lists waiting orders and asks about each if stdin is a terminal. */
export async function approve(
  flags: Readonly<Record<string, string>>,
  { world, problems, operands, json }: CommandCall,
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.approve, { flags, env: world.env });
  const folder = await findRecord(parsed, world.env);
  const [id] = operands;
  const all = [
    ...problems,
    ...(parsed.values.decline && id === undefined ? ["--decline: expected the id of the order to decline"] : []),
    ...(parsed.ok ? [] : parsed.problems),
    ...(folder.ok ? [] : folder.problems),
  ];
  if (folder.ok && folder.database === undefined) all.push(...await missingNamed(folder, parsed.values));
  if (!parsed.ok || !folder.ok || all.length > 0) return await refuse(world, all);
  const approved = !parsed.values.decline;
  if (id === undefined && await hasNoRecord(folder)) {
    await print(world.stdout, json || !world.stdout.isTerminal() ? JSON.stringify({ approvals: [] }) : NONE_WAITS);
    return 0;
  }
  return await withRecord({ folder, access: "change" }, {
    world,
    body: async ({ approvals }) => {
      const now = world.now();
      if (id !== undefined) return await decide(approvals, { id, approved, world, json });
      const pending = await approvals.pending(now);
      const waiting = await Promise.all(pending.map((approval) => withEqual(approval, approvals, now)));
      if (json || !world.stdout.isTerminal()) {
        await print(world.stdout, JSON.stringify({ approvals: waiting.map(asRecord) }));
      } else if (waiting.length === 0) await print(world.stdout, NONE_WAITS);
      else if (world.stdin.isTerminal()) return await askAll(approvals, { waiting, world });
      else {await say(
          world,
          [...waiting.map(describe), "approve ID, or approve ID --decline"].join("\n\n"),
          world.stdout,
        );}
      return 0;
    },
  });
}

/** Anything but yes declines; at the end of the input the remaining orders stay waiting. */
async function askAll(
  approvals: Approvals,
  { waiting, world }: { waiting: readonly Waiting[]; world: World },
): Promise<ExitCode> {
  let worst: ExitCode = 0;
  for (const approval of waiting) {
    if (!approval.ways.includes(BY)) {
      await say(world, describe(approval), world.stdout);
      continue;
    }
    await say(world, `${describe(approval)}\nApprove this order? [y/N]`, world.stdout);
    const answer = await readAnswer(world);
    if (answer === null) break;
    const code = await decide(approvals, { id: approval.id, approved: isYes(answer), world });
    if (code !== 0) worst = code;
  }
  return worst;
}

async function decide(
  approvals: Approvals,
  { id, approved, world, json = false }: { id: string; approved: boolean; world: World; json?: boolean },
): Promise<ExitCode> {
  const decided = await approvals.decide(id, { approved, by: BY, now: world.now() });
  if (!decided.ok) {
    const verb = approved ? "approve" : "decline";
    return await fail(world, `Cannot ${verb} ${JSON.stringify(id.slice(0, 200))} as ${REASONS[decided.reason]}`);
  }
  const { identity, summary, action, previewId, expiresAt } = decided.approval;
  if (json) {
    const expires = new Date(expiresAt).toISOString();
    await print(world.stdout, JSON.stringify({ id, approved, identity, action, preview_id: previewId, expires }));
    return 0;
  }
  const again = action === "place" ? `place_order with preview_id=${previewId}` : "the same replace_order again";
  const next = `\nIt is sent by the call that waits for it; where none does, by ${again} until ${clockTime(expiresAt)}`;
  const verb = approved ? "Approved" : "Declined";
  await say(
    world,
    `${verb}, asked by ${identity}:\n${indent(summaryText(summary))}${approved ? next : ""}`,
    world.stdout,
  );
  return 0;
}

/** A waiting order, and the number of equal ones. */
interface Waiting extends Approval {
  readonly equal: readonly string[];
}

async function withEqual(approval: Approval, approvals: Approvals, now: number): Promise<Waiting> {
  return { ...approval, equal: (await approvals.equalTo(approval, now)).map(({ id }) => id) };
}

function describe({ id, identity, summary, ways, equal, expiresAt }: Waiting): string {
  const warnings = [
    ...(equal.length === 0 ? [] : [`${EQUAL_WAITS} (${equal.join(", ")})`]),
    ...(ways.includes(BY) ? [] : ["It is decided on its page only"]),
    ...summary.warnings,
  ];
  return `${id}  asked by ${identity}, until ${clockTime(expiresAt)}\n${indent(summaryText({ ...summary, warnings }))}`;
}

function asRecord(approval: Waiting): Record<string, unknown> {
  const { id, identity, digest, previewId, summary, ways, equal, createdAt, expiresAt } = approval;
  const { exchange, headline } = summary;
  const [created, expires] = [createdAt, expiresAt].map((ms) => new Date(ms).toISOString());
  const facts = { id, identity, digest, preview_id: previewId, exchange, headline, text: summaryText(summary) };
  return { ...facts, ways, equal, created, expires };
}

function indent(text: string): string {
  return text.split("\n").map((line) => `  ${line}`).join("\n");
}
