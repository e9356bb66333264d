/** Fixture tools of the conformance suite that return each kind of content. */

import type { McpServer } from "@modelcontextprotocol/server";
import { fromJsonSchema } from "@modelcontextprotocol/server";

/** One red pixel. */
export const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

/** A sound of zero length. */
const WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

/** A schema with members beside `properties`, which a list must pass on unchanged. */
const SCHEMA_2020_12 = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } },
    },
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
} as const;

/** A schema with a member that does not belong to JSON Schema. */
const SCHEMA_WITH_HEADER = {
  type: "object",
  properties: { region: { type: "string", "x-mcp-header": "Region" }, level: { type: "integer" } },
} as const;

/** Registers them. */
export function addContentTools(server: McpServer): void {
  const image = { type: "image" as const, data: PNG, mimeType: "image/png" };
  const resource = (uri: string, text: string, mimeType = "text/plain") => ({
    type: "resource" as const,
    resource: { uri, mimeType, text },
  });
  server.registerTool(
    "test_simple_text",
    { description: "Answers text" },
    () => textResult("This is a simple text response for testing."),
  );
  server.registerTool("test_image_content", { description: "Answers an image" }, () => ({ content: [image] }));
  server.registerTool("test_audio_content", { description: "Answers a sound" }, () => ({
    content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }],
  }));
  server.registerTool("test_embedded_resource", { description: "Answers a resource" }, () => ({
    content: [resource("test://embedded-resource", "This is an embedded resource content.")],
  }));
  server.registerTool("test_multiple_content_types", { description: "Answers three kinds of content" }, () => ({
    content: [
      { type: "text", text: "Multiple content types test:" },
      image,
      resource("test://mixed-content-resource", JSON.stringify({ test: "data", value: 123 }), "application/json"),
    ],
  }));
  server.registerTool("test_error_handling", { description: "Fails" }, () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
  server.registerTool(
    "json_schema_2020_12_tool",
    { description: "Has a schema with more than properties", inputSchema: fromJsonSchema(SCHEMA_2020_12) },
    (args) => textResult(JSON.stringify(args)),
  );
  server.registerTool(
    "test_x_mcp_header",
    {
      description: "Has an argument that clients repeat in a header",
      inputSchema: fromJsonSchema<{ region?: string }>(SCHEMA_WITH_HEADER),
    },
    ({ region = "none" }) => textResult(`region=${region}`),
  );
}

/** A result of one text. */
export function textResult(text: string): { content: [{ type: "text"; text: string }] } {
  return { content: [{ type: "text", text }] };
}
