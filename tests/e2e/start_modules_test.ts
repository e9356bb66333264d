/** What is loaded before a client on stdio has its first lists: each module more makes every start slower. */

import assert from "node:assert/strict";
import { lines, PROGRAMS, runProgram, startProgram } from "./program.ts";

const LIST_METHODS = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];

const CLIENT = { name: "test", version: "1.0.0" };

const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": CLIENT,
  "io.modelcontextprotocol/clientCapabilities": {},
};

const request = (id: number, method: string, params: object = {}) => ({ jsonrpc: "2.0", id, method, params });

/** What clients of each revision send before they ask for anything else. */
const OPENINGS = {
  "2025-11-25": [
    request(0, "initialize", { protocolVersion: "2025-11-25", capabilities: { elicitation: {} }, clientInfo: CLIENT }),
    { jsonrpc: "2.0", method: "notifications/initialized" },
    request(1, "ping"),
    ...LIST_METHODS.map((method, at) => request(at + 2, method)),
  ],
  "2026-07-28": [
    request(0, "server/discover", { _meta: ENVELOPE }),
    ...LIST_METHODS.map((method, at) => request(at + 1, method, { _meta: ENVELOPE })),
  ],
};

const [SOURCE = assert.fail()] = PROGRAMS;

/** The runtime's own log of the modules that it loads; in a first run some of them may come too late. */
const LOG = { DENO_LOG: "deno::module_loader=debug" };

/** The modules that were loaded by the time at which everything is answered, those of the project by their paths. */
async function modulesLoaded(messages: readonly object[]): Promise<string[]> {
  await runProgram(SOURCE, [], { input: lines(...messages) });
  const child = startProgram(SOURCE, [], { env: LOG });
  const stderr = new Response(child.stderr).text();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines(...messages)));
  let left = messages.filter((message) => "id" in message).length;
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  while (left > 0) {
    const { value } = await reader.read();
    left -= (value ?? assert.fail(await stderr)).split("\n").length - 1;
  }
  child.kill("SIGKILL"); // Nothing that belongs to its end is loaded.
  await Promise.all([writer.close().catch(() => {}), reader.cancel(), child.status]);
  const root = `file://${Deno.cwd()}/`;
  const names = [...(await stderr).matchAll(/code cache (?:hit )?for ES module: ([^,]+),/g)].map(([, name = ""]) =>
    name
  );
  return [...new Set(names.map((name) => name.replace(root, "")))].sort();
}

for (const [revision, messages] of Object.entries(OPENINGS)) {
  Deno.test(`a start loads nothing before its lists but what is needed to answer them, in ${revision}`, async () => {
    assert.deepEqual(await modulesLoaded(messages), MODULES);
  });
}

Deno.test("the log of modules includes packages and modules of Node.js once one is loaded", async () => {
  const loaded = await modulesLoaded([...OPENINGS["2025-11-25"], request(9, "prompts/get", { name: "market_brief" })]);
  assert.ok(loaded.some((name) => name.includes("@modelcontextprotocol/server")), loaded.join("\n"));
  assert.ok(loaded.some((name) => name.startsWith("node:")), loaded.join("\n"));
});

/** The modules of the project; none of a package and none of Node.js. A new one has to be worth its time in every start. */
const MODULES: readonly string[] = [
  "main.ts",
  "src/access/api_key_pattern.ts",
  "src/access/caller.ts",
  "src/access/credential_names.ts",
  "src/access/scopes.ts",
  "src/cli/arguments.ts",
  "src/cli/commands.ts",
  "src/cli/parent_watch.ts",
  "src/cli/run.ts",
  "src/cli/serve.ts",
  "src/cli/signals.ts",
  "src/config/command_settings.ts",
  "src/config/database_settings.ts",
  "src/config/load.ts",
  "src/config/parse.ts",
  "src/config/reader.ts",
  "src/config/readers.ts",
  "src/config/rules/database_rules.ts",
  "src/config/rules/server_rules.ts",
  "src/config/rules/shared_rules.ts",
  "src/config/secret_text.ts",
  "src/config/server_settings.ts",
  "src/config/shared_settings.ts",
  "src/config/typed_text.ts",
  "src/config/variables.ts",
  "src/errors/command_codes.ts",
  "src/errors/error_row.ts",
  "src/errors/error_table.ts",
  "src/errors/exchange_codes.ts",
  "src/errors/order_codes.ts",
  "src/errors/reason_of.ts",
  "src/errors/request_codes.ts",
  "src/errors/rpc_codes.ts",
  "src/errors/sending_codes.ts",
  "src/errors/state_codes.ts",
  "src/errors/trading_codes.ts",
  "src/logging/logger.ts",
  "src/logging/output/start_logging.ts",
  "src/monitoring/access_log.ts",
  "src/network/address.ts",
  "src/protocol/answer_text.ts",
  "src/protocol/call_context.ts",
  "src/protocol/checks.ts",
  "src/protocol/direct_call.ts",
  "src/protocol/envelope.ts",
  "src/protocol/fast_path.ts",
  "src/protocol/invalid_params.ts",
  "src/protocol/listing.ts",
  "src/protocol/offer.ts",
  "src/protocol/opening.ts",
  "src/protocol/plain_calls.ts",
  "src/protocol/price_pushes.ts",
  "src/protocol/ready_answers.ts",
  "src/protocol/resource_list.ts",
  "src/protocol/resource_subscriptions.ts",
  "src/protocol/revision.ts",
  "src/protocol/subscriptions_full.ts",
  "src/protocol/tool_answer.ts",
  "src/protocol/visible_tools.ts",
  "src/secrets/redaction.ts",
  "src/secrets/secret.ts",
  "src/server/client_subscriptions.ts",
  "src/server/lazy_backend.ts",
  "src/server/serve_stdio.ts",
  "src/session/subscriptions.ts",
  "src/state/database_address.ts",
  "src/state/redis_address.ts",
  "src/text/edit_distance.ts",
  "src/text/list_words.ts",
  "src/text/nearest_word.ts",
  "src/text/visibly.ts",
  "src/timing/aborted.ts",
  "src/timing/after.ts",
  "src/timing/awaitable.ts",
  "src/timing/held_clocks.ts",
  "src/timing/in_parallel.ts",
  "src/timing/lazy_abort.ts",
  "src/timing/token_bucket.ts",
  "src/transport/channel.ts",
  "src/transport/channel_refusals.ts",
  "src/transport/held_texts.ts",
  "src/transport/json_rpc.ts",
  "src/transport/lines.ts",
  "src/transport/pending_requests.ts",
  "src/transport/request_id.ts",
  "src/transport/request_queue.ts",
  "src/transport/serve_channel.ts",
  "src/transport/settled.ts",
  "src/transport/stdio.ts",
  "src/validation/duplicate_members.ts",
  "src/validation/is_object.ts",
  "src/version.ts",
  "src/world.ts",
];
