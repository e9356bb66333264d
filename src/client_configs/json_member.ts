/** Changes one member of a JSON text, with or without comments and trailing commas, and keeps every other byte. */

import { findNodeAtLocation, parseTree } from "jsonc-parser";
import type { Node } from "jsonc-parser";

/** Sets a member, creating the objects on its path; the text is valid JSON, or empty. */
export function setJsonMember(text: string, path: readonly string[], value: unknown): string {
  const root = treeOf(text);
  if (root === undefined) return `${text}${prettyText(nested(path, value), "", styleOf(text))}${styleOf(text).eol}`;
  const present = findNodeAtLocation(root, [...path]);
  if (present !== undefined) return replaceValue(text, present, value);
  const depth = path.findLastIndex((_key, at) => findNodeAtLocation(root, path.slice(0, at)) !== undefined);
  const object = findNodeAtLocation(root, path.slice(0, depth));
  const [name = "", ...below] = path.slice(depth);
  if (object?.type === "null") return replaceValue(text, object, nested([name, ...below], value));
  return object?.type === "object" ? insertMember(text, object, { name, value: nested(below, value) }) : text;
}

/** Removes a member, and its line when nothing else is on it; the text is valid JSON. */
export function removeJsonMember(text: string, path: readonly string[]): string {
  const root = treeOf(text);
  const member = root && findNodeAtLocation(root, [...path])?.parent;
  const siblings = member?.parent?.children ?? [];
  if (member === undefined) return text;
  const at = siblings.indexOf(member);
  const comma = commaBehind(text, endOf(member));
  const before = siblings[at - 1];
  // The last member must not leave a comma behind.
  const loose = comma === undefined && before !== undefined ? commaBehind(text, endOf(before)) : undefined;
  const { start, end } = wholeLines(text, member.offset, comma === undefined ? endOf(member) : comma + 1);
  const left = text.slice(0, start) + text.slice(end);
  const rest = loose === undefined ? left : left.slice(0, loose) + left.slice(loose + 1);
  return siblings.length > 1 ? rest : collapse(rest, path.slice(0, -1));
}

function treeOf(text: string): Node | undefined {
  return parseTree(text, [], { allowTrailingComma: true, allowEmptyContent: true });
}

function nested(path: readonly string[], value: unknown): unknown {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}

function endOf({ offset, length }: Node): number {
  return offset + length;
}

function replaceValue(text: string, node: Node, value: unknown): string {
  const isOneLine = node.type === "array" && !text.slice(node.offset, endOf(node)).includes("\n");
  const written = isOneLine ? lineText(value) : prettyText(value, indentAt(text, node.offset), styleOf(text));
  return text.slice(0, node.offset) + written + text.slice(endOf(node));
}

interface Member {
  readonly name: string;
  readonly value: unknown;
}

/** Inserts the last member of an object, formatted like the others. */
function insertMember(text: string, object: Node, { name, value }: Member): string {
  const style = styleOf(text);
  const last = object.children?.at(-1);
  if (last === undefined) return insertFirst(text, object, { name, value });
  const isOneLine = !text.slice(object.offset, last.offset).includes("\n");
  const indent = indentAt(text, last.offset);
  const written = `${JSON.stringify(name)}: ${isOneLine ? lineText(value) : prettyText(value, indent, style)}`;
  const comma = commaBehind(text, endOf(last));
  const at = isOneLine ? comma === undefined ? endOf(last) : comma + 1 : endOfItsLine(text, comma ?? endOf(last));
  const member = `${isOneLine ? " " : style.eol + indent}${written}${comma === undefined ? "" : ","}`;
  const between = text.slice(endOf(last), at);
  return `${text.slice(0, endOf(last))}${comma === undefined ? "," : ""}${between}${member}${text.slice(at)}`;
}

function insertFirst(text: string, object: Node, { name, value }: Member): string {
  const style = styleOf(text);
  const indent = indentAt(text, object.offset);
  const inside = text.slice(object.offset + 1, endOf(object) - 1);
  // Only comments follow, and the last of them may end at the end of its line.
  const comments = inside.trim() === "" ? "" : inside.trimEnd();
  const line = `${style.eol}${indent}${style.unit}`;
  const written = `${line}${JSON.stringify(name)}: ${prettyText(value, indent + style.unit, style)}`;
  return `${text.slice(0, object.offset + 1)}${comments}${written}${style.eol}${indent}${
    text.slice(endOf(object) - 1)
  }`;
}

/** An object that contains only white space becomes `{}`. */
function collapse(text: string, path: readonly string[]): string {
  const root = treeOf(text);
  const object = root && findNodeAtLocation(root, [...path]);
  if (object === undefined || text.slice(object.offset + 1, endOf(object) - 1).trim() !== "") return text;
  return `${text.slice(0, object.offset)}{}${text.slice(endOf(object))}`;
}

/** The position after the comma that follows a value, past white space and comments. */
function commaBehind(text: string, end: number): number | undefined {
  const gap = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
  gap.lastIndex = end;
  const at = end + (gap.exec(text)?.[0].length ?? 0);
  return text[at] === "," ? at : undefined;
}

/** The position after the comments on the same line, when nothing else follows. */
function endOfItsLine(text: string, from: number): number {
  const rest = /,?[ \t]*(?:\/\*(?:(?!\*\/)[^\n])*\*\/[ \t]*)*(?:\/\/[^\r\n]*)?(?=\r?\n|$)/y;
  rest.lastIndex = from;
  const match = rest.exec(text);
  return from + (match?.[0].length ?? (text[from] === "," ? 1 : 0));
}

/** A range extended to whole lines when it is alone on them; otherwise by the space on one side. */
function wholeLines(text: string, start: number, end: number): { start: number; end: number } {
  const before = /[ \t]*$/.exec(text.slice(0, start))?.[0].length ?? 0;
  const first = start - before;
  const behind = /^[ \t]*(\r?\n)?/.exec(text.slice(end)) ?? [""];
  if (text[first - 1] !== "\n" && first > 0) return { start: first, end };
  return { start: behind[1] === undefined ? start : first, end: end + behind[0].length };
}

/** The white space at the start of the line. */
function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", offset - 1) + 1))?.[0] ?? "";
}

interface Style {
  /** One level of indentation. */
  readonly unit: string;
  readonly eol: string;
}

/** Detected from the file. */
function styleOf(text: string): Style {
  return {
    unit: /^([ \t]+)["}\]]/m.exec(text)?.[1] ?? "  ",
    eol: text.includes("\r\n") ? "\r\n" : "\n",
  };
}

function prettyText(value: unknown, indent: string, { unit, eol }: Style): string {
  return JSON.stringify(value, null, unit).replaceAll("\n", `${eol}${indent}`);
}

/** On one line, with the usual spaces. */
function lineText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(lineText).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${lineText(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}
