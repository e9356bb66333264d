import assert from "node:assert/strict";

const ROOT = new URL("..", import.meta.url);

/** Every page of the project by its path, as text. */
async function readPages(): Promise<ReadonlyMap<string, string>> {
  const paths = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];
  for await (const { name } of Deno.readDir(new URL("docs/", ROOT))) {
    if (name.endsWith(".md")) paths.push(`docs/${name}`);
  }
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(new URL(path, ROOT))));
  return new Map(paths.map((path, index) => [path, texts[index] ?? ""]));
}

const pages = await readPages();

/** The anchors that headings get on GitHub. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...withoutCode(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-")),
  );
}

function withoutCode(page: string): string {
  return page.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");
}

function linksOf(page: string): string[] {
  const links = withoutCode(page).replaceAll(/`[^`\n]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g);
  return [...links].map(([, target = ""]) => target).filter((target) => !/^[a-z]+:/.test(target));
}

async function exists(url: URL): Promise<boolean> {
  return await Deno.stat(url).then(() => true, () => false);
}

for (const [path, page] of pages) {
  Deno.test(`${path} links to existing files and headings`, async () => {
    const broken: string[] = [];
    for (const link of linksOf(page)) {
      const target = new URL(link, new URL(path, ROOT));
      const anchor = decodeURIComponent(target.hash.slice(1));
      target.hash = "";
      const text = pages.get(target.href.slice(ROOT.href.length));
      const hasAnchor = anchor === "" || text !== undefined && anchorsOf(text).has(anchor);
      if (!hasAnchor || !await exists(target)) broken.push(link);
    }
    assert.deepEqual(broken, []);
  });
}

for (const [path, page] of pages) {
  Deno.test(`${path} names existing files and folders of the source`, async () => {
    const named = page.matchAll(/(?<![\w/])(?:src|tests|scripts|bench)\/[\w./-]*[\w/](?![\w*])/g);
    const missing: string[] = [];
    for (const [name] of named) if (!await exists(new URL(name, ROOT))) missing.push(name);
    assert.deepEqual(missing, []);
  });
}

Deno.test("CONTRIBUTING.md names in its map files that are in the folder it describes", async () => {
  const map = /^```\n([\s\S]*?)^```$/m.exec(pages.get("CONTRIBUTING.md") ?? "")?.[1] ?? "";
  const missing: string[] = [];
  for (const [, folder = "", text = ""] of map.matchAll(/^(\S+\/) ([\s\S]*?)(?=^\S|(?![\s\S]))/gm)) {
    const there = await Array.fromAsync(filesBelow(new URL(folder, ROOT)));
    const named = [...text.matchAll(/\b[a-z0-9_]+\.ts\b/g)].map(([name]) => name);
    missing.push(...named.filter((name) => !there.includes(name)).map((name) => folder + name));
  }
  assert.deepEqual(missing, []);
});

async function* filesBelow(folder: URL): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesBelow(new URL(`${name}/`, folder));
    else yield name;
  }
}

Deno.test("README.md links to every page in docs/", () => {
  const linked = linksOf(pages.get("README.md") ?? "");
  const missing = [...pages.keys()].filter((path) => path.startsWith("docs/") && !linked.includes(path));
  assert.deepEqual(missing, []);
});
