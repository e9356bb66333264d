/** What clients are told about the tools: the catalogue's schemas as JSON Schema. */

import { z } from "zod";
import type { Tool as ListedTool } from "@modelcontextprotocol/server";
import type { Tool } from "../tools/tool.ts";

/** Lists tools as `tools/list` answers them; costs some milliseconds, so do it once for all connections. */
export function listTools(tools: readonly Tool[]): ListedTool[] {
  return tools.map(({ name, title, description, input, output, annotations }) => ({
    name,
    title,
    description,
    inputSchema: jsonSchema(input, "input"),
    outputSchema: jsonSchema(output, "output"),
    annotations: { ...annotations },
  }));
}

/** What one tool costs every conversation that lists it, in tokens: four characters to a token. */
export function tokenCost(tool: ListedTool): number {
  return Math.ceil(JSON.stringify(tool).length / 4);
}

function jsonSchema(schema: z.ZodObject, io: "input" | "output"): ListedTool["inputSchema"] {
  const { properties, required, additionalProperties } = z.toJSONSchema(schema, {
    io,
    override: ({ jsonSchema: node }) => shorten(node, io),
  });
  return plain({ type: "object" as const, properties, required, additionalProperties });
}

/** Leaves out what says nothing: that answers have no further fields, and the bounds that every integer has. */
function shorten(node: z.core.JSONSchema.BaseSchema, io: "input" | "output"): void {
  if (io === "output") delete node.additionalProperties;
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
}

/** What goes over the wire: without `undefined` and prototypes. */
function plain<Value>(value: unknown): Value {
  return JSON.parse(JSON.stringify(value));
}
