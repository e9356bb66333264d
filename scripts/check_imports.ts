/**
 * Checks the imports between the rooms of `src/` against the table below: each import points to a room below its own,
 * no files import each other in a cycle (type imports count), and packages and files that belong to one part are
 * imported by nothing else. Prints every problem and exits with code 1 when there is one.
 */

import { readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { print } from "../src/world.ts";

/** Rooms that every other one may import; they import no other room. */
const GROUND: readonly string[] = ["src/errors", "src/logging", "src/text", "src/timing"];

/** The other rooms from the bottom up, each with exactly the rooms that it imports, all of them listed before it. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  "src/money": [],
  "src/secrets": [],
  "src/network": [],
  "src/validation": [],
  "src": [],
  "src/state": ["src/network", "src/secrets"],
  "src/client_configs": ["src", "src/state", "src/validation"],
  "src/access": ["src/network", "src/state", "src/validation"],
  "src/session": ["src/network", "src/validation"],
  "src/config": ["src/access", "src/network", "src/secrets", "src/state", "src/validation"],
  "src/logging/output": ["src/secrets"],
  "src/exchange": ["src/money", "src/network", "src/secrets"],
  "src/state/shared": ["src/exchange", "src/session", "src/state"],
  "src/market": ["src/exchange", "src/money"],
  "src/simulation": ["src/exchange", "src/market", "src/money", "src/network", "src/state"],
  "src/trading": [
    "src/access",
    "src/exchange",
    "src/market",
    "src/money",
    "src/secrets",
    "src/validation",
  ],
  "src/state/record": ["src/access", "src/exchange", "src/secrets", "src/simulation", "src/state", "src/trading"],
  "src/tools": ["src/access", "src/exchange", "src/market", "src/money", "src/trading", "src/validation"],
  "src/protocol": [
    "src/session",
    "src/access",
    "src/exchange",
    "src/market",
    "src/money",
    "src/tools",
    "src/trading",
    "src/validation",
  ],
  "src/transport": ["src/access", "src/network", "src/protocol", "src/session", "src/state", "src/validation"],
  "src/client": ["src", "src/secrets", "src/transport", "src/validation"],
  "src/monitoring": ["src/market", "src/protocol", "src/session", "src/trading", "src/transport"],
  "src/server/approvals": ["src", "src/access", "src/network", "src/state", "src/trading", "src/transport"],
  "src/server/instances": ["src", "src/config", "src/exchange", "src/market", "src/state", "src/trading"],
  "src/server": [
    "src",
    "src/access",
    "src/config",
    "src/exchange",
    "src/market",
    "src/monitoring",
    "src/network",
    "src/protocol",
    "src/secrets",
    "src/server/approvals",
    "src/server/instances",
    "src/session",
    "src/simulation",
    "src/state",
    "src/state/record",
    "src/state/shared",
    "src/tools",
    "src/trading",
    "src/transport",
  ],
  "src/server/network": [
    "src",
    "src/access",
    "src/config",
    "src/exchange",
    "src/monitoring",
    "src/network",
    "src/protocol",
    "src/server",
    "src/server/instances",
    "src/session",
    "src/state/shared",
    "src/transport",
  ],
};

/** The commands, which join everything; only the program's entry imports them. */
const COMMANDS = "src/cli";

/** Packages that only some rooms may import. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@logtape/": ["src/logging"],
  "@modelcontextprotocol/": ["src/protocol", "src/transport", "src/client"],
  "@hono/": ["src/transport"],
  "hono": ["src/transport"],
  "ws": ["src/transport", "src/client", "src/exchange"],
  "jose": ["src/access"],
  "jsonc-parser": ["src/client_configs"],
  "smol-toml": ["src/client_configs"],
  "prom-client": ["src/monitoring"],
  "pg": ["src/state"],
  "redis": ["src/state"],
};

/** What a file imports: paths of this repository, and packages. */
export interface Imports {
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

/** Reads the imports of a source, including type and dynamic imports. */
export function readImports(path: string, source: string): Imports {
  const code = source.replace(/^\s*(\/?\*|\/\/).*$/gm, "");
  const names = [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)].map(([, name = ""]) => name);
  const files = names.filter((name) => name.startsWith(".")).map((name) => normalize(join(dirname(path), name)));
  return { files, packages: names.filter((name) => !name.startsWith(".")) };
}

/** Lists every problem of the sources of `src/` and `main.ts`, given by their paths. */
export function importProblems(sources: ReadonlyMap<string, string>): string[] {
  const imports = new Map([...sources].map(([path, source]) => [path, readImports(path, source)]));
  return [
    ...[...imports].flatMap(([path, { files }]) => files.flatMap((file) => arrowProblem(path, file) ?? [])),
    ...[...imports].flatMap(([path, { packages }]) => packages.flatMap((name) => packageProblem(path, name) ?? [])),
    ...circles(new Map([...imports].map(([path, { files }]) => [path, files]))).map((circle) =>
      `These files import each other in a circle: ${circle.join(", ")}`
    ),
  ];
}

function arrowProblem(path: string, file: string): string | undefined {
  const [from, to] = [roomOf(path), roomOf(file)];
  if (from === to || to === undefined || from === undefined) return undefined;
  if (from === COMMANDS && to !== COMMANDS) return undefined;
  if (GROUND.includes(to) || ROOMS[from]?.includes(to)) return undefined;
  return `${path} imports ${file}: ${from} may not import ${to}`;
}

/** Lists problems of the table: arrows without an import, and rooms listed before one that they import. */
export function tableProblems(sources: ReadonlyMap<string, string>): string[] {
  const used = new Set(
    [...sources].flatMap(([path, source]) =>
      readImports(path, source).files.map((file) => `${roomOf(path)} ${roomOf(file)}`)
    ),
  );
  const names = Object.keys(ROOMS);
  return Object.entries(ROOMS).flatMap(([from, rooms], place) =>
    rooms.flatMap((to) => {
      if (names.indexOf(to) >= place) return `${from} stands before ${to} in the table: it may not import it`;
      return used.has(`${from} ${to}`) ? [] : `No file of ${from} imports ${to}: take it from the table`;
    })
  );
}

function packageProblem(path: string, name: string): string | undefined {
  const room = roomOf(path)?.split("/").slice(0, 2).join("/");
  const [, rooms] =
    Object.entries(PACKAGES).find(([prefix]) => prefix.endsWith("/") ? name.startsWith(prefix) : name === prefix) ?? [];
  if (room === undefined || rooms === undefined || rooms.includes(room)) return undefined;
  return `${path} imports ${name}: only ${rooms.join(", ")} may`;
}

/**
 * The folder below `src/`, or one level further down if that is a room of its own, or `src` for files at its root;
 * `undefined` for `main.ts` and files outside `src/`.
 */
function roomOf(path: string): string | undefined {
  const [top, room, file, below] = path.split("/");
  if (top !== "src") return undefined;
  if (file === undefined) return "src";
  const inner = `${top}/${room}/${file}`;
  return below !== undefined && Object.hasOwn(ROOMS, inner) ? inner : `${top}/${room}`;
}

/** Finds groups of files in which each reaches every other one (Tarjan's algorithm). */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const visit = (path: string): number => {
    const place = order.size;
    order.set(path, place);
    stack.push(path);
    let low = place;
    for (const next of graph.get(path) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, lowest.get(next) ?? order.get(next) ?? low);
    }
    lowest.set(path, low);
    if (low !== place) return low;
    const circle = stack.splice(stack.indexOf(path));
    if (circle.length > 1 || graph.get(path)?.includes(path)) found.push(circle.sort());
    return low;
  };
  for (const path of graph.keys()) if (!order.has(path)) visit(path);
  return found;
}

function readSources(): Map<string, string> {
  const paths = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  return new Map(["main.ts", ...paths.map((path) => `src/${path}`)].map((path) => [path, Deno.readTextFileSync(path)]));
}

if (import.meta.main) {
  const sources = readSources();
  const problems = [...importProblems(sources), ...tableProblems(sources)];
  for (const problem of problems) await print(Deno.stderr, problem);
  if (problems.length > 0) Deno.exit(1);
}
