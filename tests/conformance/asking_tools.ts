/** Fixture tools of the conformance suite that need input before they answer, as requests of 2026-07-28 do. */

import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
} from "@modelcontextprotocol/server";
import type { InputRequests, McpServer, ServerContext } from "@modelcontextprotocol/server";
import { textResult } from "./content_tools.ts";

/** Signs the state that clients return. */
export const STATE = createRequestStateCodec<{ readonly round: number }>({
  key: crypto.getRandomValues(new Uint8Array(32)),
});

/** Asks for one value in a form. */
function form(message: string, name: string, field: { type: "string" } | { type: "boolean" } = { type: "string" }) {
  return inputRequired.elicit({
    message,
    requestedSchema: { type: "object", properties: { [name]: field }, required: [name] },
  });
}

function sample(text: string) {
  return inputRequired.createMessage({ messages: [{ role: "user", content: { type: "text", text } }], maxTokens: 50 });
}

function answered({ mcpReq }: ServerContext, name: string): unknown {
  return mcpReq.inputResponses?.[name];
}

/** Registers them, and a prompt of the same kind. */
export function addAskingTools(server: McpServer): void {
  const name = () => ({ user_name: form("What is your name?", "name") });
  const confirm = () => ({ confirm: form("Please confirm", "ok", { type: "boolean" }) });
  server.registerTool("test_input_required_result_elicitation", { description: "Asks for a name" }, (context) => {
    const given = acceptedContent<{ name: string }>(context.mcpReq.inputResponses, "user_name");
    if (typeof given?.name !== "string") return inputRequired({ inputRequests: name() });
    return textResult(`Hello, ${given.name}!`);
  });
  server.registerTool("test_input_required_result_sampling", { description: "Asks the client's model" }, (context) => {
    const answer = answered(context, "capital");
    if (answer === undefined) {
      return inputRequired({ inputRequests: { capital: sample("What is the capital of France?") } });
    }
    return textResult(`Sampling response: ${JSON.stringify(answer)}`);
  });
  server.registerTool("test_input_required_result_list_roots", { description: "Asks for the roots" }, (context) => {
    const answer = answered(context, "roots");
    if (answer === undefined) return inputRequired({ inputRequests: { roots: inputRequired.listRoots() } });
    return textResult(`Roots: ${JSON.stringify(answer)}`);
  });
  server.registerTool("test_missing_capability", { description: "Needs the client's model" }, (context) => {
    if (answered(context, "pong") === undefined) return inputRequired({ inputRequests: { pong: sample("Say pong") } });
    return textResult("The model answered");
  });
  addTool(server, "test_input_required_result_request_state", async (context) => {
    if (stateOf(context) !== undefined) return textResult("state-ok");
    return inputRequired({ inputRequests: confirm(), requestState: await STATE.mint({ round: 1 }, context) });
  });
  addTool(server, "test_input_required_result_tampered_state", async (context) => {
    if (stateOf(context) !== undefined) return textResult("integrity-ok");
    return inputRequired({ inputRequests: confirm(), requestState: await STATE.mint({ round: 1 }, context) });
  });
  addTool(server, "test_input_required_result_multiple_inputs", async (context) => {
    if (stateOf(context) !== undefined && answered(context, "roots") !== undefined) return textResult("All came back");
    return inputRequired({
      inputRequests: { ...name(), greeting: sample("Greet the user"), roots: inputRequired.listRoots() },
      requestState: await STATE.mint({ round: 1 }, context),
    });
  });
  addTool(server, "test_input_required_result_multi_round", async (context) => {
    const round = (stateOf(context)?.round ?? 0) + 1;
    if (round > 2) return textResult("Both rounds are over");
    return inputRequired({
      inputRequests: { [`step${round}`]: form(`Step ${round}`, "value") },
      requestState: await STATE.mint({ round }, context),
    });
  });
  server.registerTool(
    "test_input_required_result_capabilities",
    { description: "Asks what can be asked" },
    (context) => {
      if (context.mcpReq.inputResponses !== undefined) return textResult("capabilities-ok");
      const inputRequests = within(context);
      return Object.keys(inputRequests).length === 0
        ? textResult("Nothing can be asked")
        : inputRequired({ inputRequests });
    },
  );
  server.registerPrompt("test_input_required_result_prompt", { description: "Asks for a context" }, (context) => {
    const given = acceptedContent<{ context: string }>(context.mcpReq.inputResponses, "user_context");
    if (given === undefined) {
      return inputRequired({ inputRequests: { user_context: form("Which context?", "context") } });
    }
    return { messages: [{ role: "user", content: { type: "text", text: `Context: ${given.context}` } }] };
  });
}

function addTool(
  server: McpServer,
  name: string,
  run: (context: ServerContext) => Promise<ReturnType<typeof textResult> | ReturnType<typeof inputRequired>>,
): void {
  server.registerTool(name, { description: "Asks, with a signed state" }, run);
}

function stateOf({ mcpReq }: ServerContext): { readonly round: number } | undefined {
  return mcpReq.requestState<{ readonly round: number }>();
}

/** The questions that the client says it can answer. */
function within({ mcpReq }: ServerContext): InputRequests {
  const envelope: object = mcpReq.envelope ?? {};
  const declared: unknown = CLIENT_CAPABILITIES_META_KEY in envelope ? envelope[CLIENT_CAPABILITIES_META_KEY] : {};
  const can = (kind: string) => typeof declared === "object" && declared !== null && kind in declared;
  return {
    ...(can("elicitation") ? { user_name: form("What is your name?", "name") } : {}),
    ...(can("sampling") ? { greeting: sample("Greet the user") } : {}),
    ...(can("roots") ? { roots: inputRequired.listRoots() } : {}),
  };
}
