/** The catalogue's schemas as JSON Schema: where `listing.json` comes from. */

import { z } from "zod";
import type { Tool as ListedTool } from "@modelcontextprotocol/server";
import type { Tool } from "../tools/tool.ts";
import type { ListingEntry } from "./listing.ts";

/** Describes tools for `tools/list`. */
export function describeTools(tools: readonly Tool[]): ListingEntry[] {
  return tools.map(({ name, title, description, group, scope, input, output, annotations }) => ({
    group,
    scope,
    tool: {
      name,
      title,
      description,
      inputSchema: jsonSchema(input, "input"),
      outputSchema: jsonSchema(output, "output"),
      annotations: { ...annotations },
    },
  }));
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
