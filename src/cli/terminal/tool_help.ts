/** Help for one tool: what it does, its arguments with their bounds and defaults, and a call to copy. */

import { expectationOf } from "../../validation/schema_problems.ts";
import type { ArgumentSchema } from "../../tools/argument_problems.ts";
import { styled } from "./screen.ts";
import type { Screen } from "./screen.ts";
import { cellText } from "./table.ts";
import { pad, wrap } from "./width.ts";

/** A tool as its help shows it, from the catalogue or from a server. */
export interface DescribedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What a caller needs, where that is known. */
  readonly scope?: string;
  readonly schemas: Readonly<Record<string, ArgumentSchema>>;
  readonly required: readonly string[];
}

/** One argument in the words of its help, and as `--json` shows it. */
export interface DescribedArgument {
  readonly name: string;
  readonly required: boolean;
  /** What it may be, with its bounds. */
  readonly expects: string;
  readonly default?: unknown;
  readonly description?: string;
}

/** Values that a call to copy can show. */
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

/** Orders are examples only with all that makes one. */
const WHOLE: Readonly<Record<string, readonly string[]>> = {
  preview_order: ["pair", "side", "volume", "price"],
  place_order: ["pair", "side", "volume", "price"],
  cancel_order: ["order_id"],
  get_order_status: ["order_id"],
  replace_order: ["order_id", "price"],
  get_orderbook: ["pair", "depth"],
  get_price_range: ["pair", "days"],
};

/** A tool's name with arguments as they are typed: what it cannot do without, and what makes a useful call. */
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

/** The arguments of a tool, those that it needs first. */
export function describeArguments({ schemas, required }: DescribedTool): DescribedArgument[] {
  return Object.entries(schemas).map(([name, schema]) => ({
    name,
    required: required.includes(name),
    expects: expectationOf({ ...schema, description: "" }),
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(schema.description === undefined ? {} : { description: schema.description }),
  })).toSorted((one, other) => Number(other.required) - Number(one.required));
}

/** The help as text; `command` is what stands before a tool's name on the command line. */
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

/** A command to copy; what does not fit goes on in lines that a shell joins. */
export function exampleLine(command: string, { columns }: Screen): string {
  return wrap(command, Math.min(columns, 100) - 6).join(" \\\n    ").replace(/^/, "  ");
}
