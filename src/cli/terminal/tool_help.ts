/** The help of one tool: what it does, its arguments with bounds and defaults, and a call to copy. */

import { expectationOf } from "../../validation/schema_problems.ts";
import type { ArgumentSchema } from "../../tools/argument_problems.ts";
import { styled } from "./screen.ts";
import type { Screen } from "./screen.ts";
import { cellText } from "./table.ts";
import { pad, wrap } from "./width.ts";

/** A tool to show help for, from the catalogue or from a server. */
export interface DescribedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The required scope, if known. */
  readonly scope?: string;
  readonly schemas: Readonly<Record<string, ArgumentSchema>>;
  readonly required: readonly string[];
}

/** One argument, as help and `--json` show it. */
export interface DescribedArgument {
  readonly name: string;
  readonly required: boolean;
  /** Its accepted values, with bounds. */
  readonly expects: string;
  readonly default?: unknown;
  readonly description?: string;
}

/** Values for a call to copy. */
const EXAMPLES: Readonly<Record<string, string>> = {
  pair: "XBTZAR",
  pairs: "XBTZAR,ETHZAR",
  currency: "ZAR",
  side: "buy",
  type: "limit",
  volume: "0.001",
  price: "1000000",
  limit: "10",
  depth: "5",
  days: "7",
  account_id: "ID",
  transaction_id: "1",
  order_id: "ID",
  reason: "maintenance",
};

/** Calls that place orders are only useful when complete. */
const WHOLE: Readonly<Record<string, readonly string[]>> = {
  preview_order: ["pair", "side", "volume", "price"],
  place_order: ["pair", "side", "volume", "price"],
  cancel_order: ["order_id"],
  get_order_status: ["order_id"],
  replace_order: ["order_id", "price"],
  get_orderbook: ["pair", "depth"],
  get_price_range: ["pair", "days"],
};

/** A tool's name with typed arguments: the required ones, and those of a useful call. */
export function exampleOf(
  name: string,
  schemas: Readonly<Record<string, ArgumentSchema>>,
  required: readonly string[],
): string {
  const names = (WHOLE[name] ?? required).filter((argument) => Object.hasOwn(schemas, argument));
  const words = names.map((argument) => {
    const word = schemas[argument]?.enum?.[0];
    return `${argument}=${EXAMPLES[argument] ?? word ?? "VALUE"}`;
  });
  return [name, ...words].map(cellText).join(" ");
}

/** The arguments of a tool, required ones first. */
export function describeArguments({ schemas, required }: DescribedTool): DescribedArgument[] {
  return Object.entries(schemas).map(([name, schema]) => ({
    name,
    required: required.includes(name),
    expects: expectationOf({ ...schema, description: "" }),
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(schema.description === undefined ? {} : { description: schema.description }),
  })).toSorted((one, other) => Number(other.required) - Number(one.required));
}

/** The help as text; `command` precedes the tool's name on the command line. */
export function formatToolHelp(tool: DescribedTool, command: string, screen: Screen): string {
  const rows = describeArguments(tool);
  const width = Math.max(0, ...rows.map(({ name }) => name.length));
  const lines = rows.flatMap(({ name, required, expects, default: preset, description }) => {
    const facts = [
      expects,
      ...(required ? ["required"] : []),
      ...(preset === undefined ? [] : [`default ${cellText(preset)}`]),
      ...(description === undefined ? [] : [description]),
    ];
    const [first = "", ...rest] = wrap(cellText(facts.join("; ")), Math.min(screen.columns, 100) - width - 4);
    return [
      `  ${styled(pad(cellText(name), width), "bold", screen)}  ${first}`,
      ...rest.map((line) => " ".repeat(width + 4) + line),
    ];
  });
  return [
    styled(`${cellText(tool.name)}: ${cellText(tool.title)}`, "bold", screen),
    ...wrap(cellText(tool.description), Math.min(screen.columns, 100)),
    ...(tool.scope === undefined ? [] : [`Scope: ${tool.scope}`]),
    "",
    rows.length === 0 ? "It takes no arguments." : "Arguments, each as name=value:",
    ...lines,
    "",
    "Example:",
    exampleLine(`${command} ${exampleOf(tool.name, tool.schemas, tool.required)}`, screen),
  ].join("\n");
}

/** A command to copy; long ones continue on lines that a shell joins. */
export function exampleLine(command: string, { columns }: Screen): string {
  return wrap(command, Math.min(columns, 100) - 6).join(" \\\n    ").replace(/^/, "  ");
}
