/** Fixture tools of the conformance suite that send messages to the client while they run: log, progress, questions. */

import { fromJsonSchema } from "@modelcontextprotocol/server";
import type { ElicitRequestFormParams, McpServer, ServerContext } from "@modelcontextprotocol/server";
import { textResult } from "./content_tools.ts";

type Form = ElicitRequestFormParams["requestedSchema"];

/** A form with a default of each simple type. */
const DEFAULTS: Form = {
  type: "object",
  properties: {
    name: { type: "string", description: "User name", default: "John Doe" },
    age: { type: "integer", description: "User age", default: 30 },
    score: { type: "number", description: "User score", default: 95.5 },
    status: {
      type: "string",
      description: "User status",
      enum: ["active", "inactive", "pending"],
      default: "active",
    },
    verified: { type: "boolean", description: "Verification status", default: true },
  },
  required: [],
};

/** A form with each way to offer choices. */
const CHOICES: Form = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
    titledSingle: {
      type: "string",
      oneOf: [
        { const: "value1", title: "First Option" },
        { const: "value2", title: "Second Option" },
        { const: "value3", title: "Third Option" },
      ],
    },
    legacyEnum: {
      type: "string",
      enum: ["opt1", "opt2", "opt3"],
      enumNames: ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti: {
      type: "array",
      minItems: 1,
      maxItems: 3,
      items: { type: "string", enum: ["option1", "option2", "option3"] },
    },
    titledMulti: {
      type: "array",
      minItems: 1,
      maxItems: 3,
      items: {
        anyOf: [
          { const: "value1", title: "First Choice" },
          { const: "value2", title: "Second Choice" },
          { const: "value3", title: "Third Choice" },
        ],
      },
    },
  },
  required: [],
};

/** Registers them. */
export function addTalkingTools(server: McpServer): void {
  server.registerTool("test_tool_with_logging", { description: "Writes three log messages" }, async (context) => {
    for (const data of ["started", "is processing data", "completed"]) {
      const params = { level: "info" as const, data: `Tool execution ${data}` };
      await context.mcpReq.notify({ method: "notifications/message", params });
    }
    return textResult("Logged three messages");
  });
  server.registerTool("test_logging_tool", { description: "Logs where the request asks for it" }, async (context) => {
    await context.mcpReq.log("info", "logged");
    return textResult("Logged as the request asked");
  });
  server.registerTool("test_tool_with_progress", { description: "Reports progress" }, async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken ?? 0;
    for (const progress of [0, 50, 100]) {
      await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
    }
    return textResult(String(progressToken));
  });
  server.registerTool(
    "test_streaming_elicitation",
    { description: "Answers on its stream and asks nothing" },
    () => textResult("Nothing was asked"),
  );
  server.registerTool(
    "test_sampling",
    { description: "Has the client's model answer", inputSchema: oneText("prompt") },
    async ({ prompt = "" }, { mcpReq }) => {
      const messages = [{ role: "user" as const, content: { type: "text" as const, text: prompt } }];
      const answer = await mcpReq.send({ method: "sampling/createMessage", params: { messages, maxTokens: 100 } });
      return textResult(`LLM response: ${JSON.stringify(answer.content)}`);
    },
  );
  server.registerTool(
    "test_elicitation",
    { description: "Asks the person", inputSchema: oneText("message") },
    ({ message = "" }, context) =>
      ask(context, message, {
        type: "object",
        properties: { response: { type: "string", description: "User's response" } },
        required: ["response"],
      }),
  );
  server.registerTool(
    "test_elicitation_sep1034_defaults",
    { description: "Asks with defaults" },
    (context) => ask(context, "Please review the defaults", DEFAULTS),
  );
  server.registerTool(
    "test_elicitation_sep1330_enums",
    { description: "Asks with choices" },
    (context) => ask(context, "Please choose", CHOICES),
  );
}

function oneText(name: string) {
  return fromJsonSchema<Record<string, string>>({
    type: "object",
    properties: { [name]: { type: "string" } },
    required: [name],
  });
}

async function ask({ mcpReq }: ServerContext, message: string, requestedSchema: Form) {
  const answer = await mcpReq.send({ method: "elicitation/create", params: { message, requestedSchema } });
  return textResult(`Elicitation completed: ${JSON.stringify(answer)}`);
}
