/** The contents of the program, as CycloneDX 1.6: every package that it can load, from `deno.lock`, and the runtime. */

import project from "../../deno.json" with { type: "json" };
import { readImports } from "../check_imports.ts";

/** The members of `deno.lock` that are used here. */
export interface Lock {
  /** Packages as `name@version`, followed by `_` and the versions of their peers. */
  readonly npm: Readonly<Record<string, { readonly integrity: string; readonly dependencies?: readonly string[] }>>;
}

/** A package or the runtime in the list. */
interface Component {
  readonly type: "library" | "framework";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
}

/** The list for a program that imports the packages `imported` and embeds that version of Deno. */
export async function sbomText(lock: Lock, imported: readonly string[], deno: string): Promise<string> {
  const reached = reach(lock, imported.map((name) => idOf(lock, name)));
  const self = `pkg:npm/${project.name}@${project.version}`;
  const runtime: Component = { type: "framework", ...named(`pkg:github/denoland/deno@v${deno}`, "deno", deno) };
  const components = [runtime, ...[...reached.keys()].map((id) => componentOf(lock, id))];
  const dependencies = [
    { ref: self, dependsOn: [runtime.purl, ...imported.map((name) => purlOf(idOf(lock, name)))].toSorted() },
    ...[...reached].map(([id, ids]) => ({ ref: purlOf(id), dependsOn: ids.map(purlOf).toSorted() })),
  ];
  const content = { components: components.toSorted(byRef), dependencies };
  return `${
    JSON.stringify(
      {
        $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bomFormat: "CycloneDX",
        specVersion: "1.6",
        serialNumber: await serialNumber(JSON.stringify(content)),
        version: 1,
        metadata: {
          component: {
            type: "application",
            ...named(self, project.name, project.version),
            licenses: [{ license: { id: project.license } }],
          },
        },
        ...content,
      },
      null,
      2,
    )
  }\n`;
}

/** Packages of `deno.json` that the program imports, without those used only by tests and tools. */
export async function importedPackages(): Promise<string[]> {
  const names = Object.keys(project.imports);
  const found = new Set<string>();
  for await (const path of sources()) {
    for (const specifier of readImports(path, await Deno.readTextFile(path)).packages) {
      const name = names.find((candidate) => specifier === candidate || specifier.startsWith(`${candidate}/`));
      if (name !== undefined && !name.startsWith("@types/")) found.add(name);
    }
  }
  return [...found].toSorted();
}

/** Writes the list of this program to `path`. */
export async function writeSbom(path: string, deno: string): Promise<void> {
  const lock: Lock = JSON.parse(await Deno.readTextFile("deno.lock"));
  await Deno.writeTextFile(path, await sbomText(lock, await importedPackages(), deno));
}

async function* sources(folder = "src"): AsyncGenerator<string> {
  if (folder === "src") yield "main.ts";
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* sources(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield `${folder}/${name}`;
  }
}

/** The packages with these ids, each with its dependencies. */
function reach(lock: Lock, ids: readonly string[]): Map<string, readonly string[]> {
  const reached = new Map<string, readonly string[]>();
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (reached.has(id)) continue;
    const next = (lock.npm[id]?.dependencies ?? []).map((name) => idOf(lock, name));
    reached.set(id, next);
    open.push(...next);
  }
  return reached;
}

/** The id of a package as `deno.json` or another package names it: with its version if there are several. */
function idOf(lock: Lock, name: string): string {
  const id = Object.keys(lock.npm).find((candidate) =>
    candidate === name || candidate.startsWith(`${name}_`) || parse(candidate).name === name
  );
  if (id === undefined) throw new TypeError(`Cannot find ${name} in deno.lock`);
  return id;
}

function parse(id: string): { name: string; version: string } {
  const at = id.indexOf("@", 1);
  return { name: id.slice(0, at), version: id.slice(at + 1).split("_", 1)[0] ?? "" };
}

/** The address of a package, in which the `@` of a scope is `%40`. */
function purlOf(id: string): string {
  const { name, version } = parse(id);
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function componentOf(lock: Lock, id: string): Component {
  const { name, version } = parse(id);
  const digest = lock.npm[id]?.integrity.replace("sha512-", "") ?? "";
  const content = Uint8Array.fromBase64(digest).toHex();
  return { type: "library", ...named(purlOf(id), name, version), hashes: [{ alg: "SHA-512", content }] };
}

function named(purl: string, name: string, version: string) {
  return { "bom-ref": purl, name, version, purl };
}

function byRef(a: Component, b: Component): number {
  return a["bom-ref"] < b["bom-ref"] ? -1 : 1;
}

/** The same content has the same number: a UUID of version 8. */
async function serialNumber(content: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(content))).toHex();
  const parts = [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`, `8${digest.slice(17, 20)}`];
  return `urn:uuid:${[...parts, digest.slice(20, 32)].join("-")}`;
}
