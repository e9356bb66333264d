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
  const { properties, required } = z.toJSONSchema(schema, { io, override: ({ jsonSchema: node }) => shorten(node) });
  return plain({ type: "object" as const, properties, required });
}

/**
 * Leaves out the bounds that every integer has, and what clients' converters stumble over: that there are no further
 * members (arguments are refused at the call all the same) and what their names are like.
 */
function shorten(node: z.core.JSONSchema.BaseSchema): void {
  if (node.additionalProperties === false) delete node.additionalProperties;
  delete node.propertyNames;
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
}

/** What goes over the wire: without `undefined` and prototypes. */
function plain<Value>(value: unknown): Value {
  return JSON.parse(JSON.stringify(value));
}
