/** The catalogue's schemas as JSON Schema: the source of `listing.json`. */

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
 * Removes the bounds that every integer has, and keywords that clients' converters cannot handle: that no other members
 * are allowed (the call rejects them anyway), and patterns of their names.
 */
function shorten(node: z.core.JSONSchema.BaseSchema): void {
  if (node.additionalProperties === false) delete node.additionalProperties;
  delete node.propertyNames;
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
}

/** As it will be serialized: without `undefined` and prototypes. */
function plain<Value>(value: unknown): Value {
  return JSON.parse(JSON.stringify(value));
}
