/** The files of the Debian package, laid out as they are installed. */

import { gzipSync } from "node:zlib";
import { completionTable } from "../../src/cli/completions/completion_table.ts";
import { SHELLS } from "../../src/cli/completions.ts";
import { manualPage } from "../../src/cli/man.ts";
import { NAME, VERSION } from "./product.ts";
import type { Home } from "./product.ts";
import type { TargetName } from "./targets.ts";

/** Debian's names for the systems that the package supports. */
export const DEB_ARCHITECTURES = { "linux-x64": "amd64", "linux-arm64": "arm64" } as const satisfies Partial<
  Record<TargetName, string>
>;

/** A system with a Debian package. */
export type DebTarget = keyof typeof DEB_ARCHITECTURES;

/** The file of a release that contains the Debian package for a system. */
export function debName(target: DebTarget): string {
  return `${NAME}_${VERSION}_${DEB_ARCHITECTURES[target]}.deb`;
}

/** Where each file comes from, and with which mode it is installed. */
const FILES: Readonly<Record<string, { readonly from: string; readonly mode: number }>> = {
  "usr/lib/systemd/system/luno-mcp-server.service": { from: "deploy/debian/luno-mcp-server.service", mode: 0o644 },
  "etc/default/luno-mcp-server": { from: "deploy/debian/default", mode: 0o644 },
  "usr/share/doc/luno-mcp-server/README.md": { from: "deploy/debian/README.md", mode: 0o644 },
  "usr/share/doc/luno-mcp-server/copyright": { from: "LICENSE", mode: 0o644 },
};

/** Where each shell looks for completions of packages. */
const COMPLETIONS: Readonly<Record<string, string>> = {
  bash: `usr/share/bash-completion/completions/${NAME}`,
  zsh: `usr/share/zsh/vendor-completions/_${NAME}`,
  fish: `usr/share/fish/vendor_completions.d/${NAME}.fish`,
};

/**
 * Lays the package out in `folder`, for `dpkg-deb --build`. Nothing runs at its installation, and the service is started by
 * whoever configured it; its removal stops it.
 */
export async function layOutDeb(
  folder: string,
  target: DebTarget,
  { program, home }: { readonly program: string; readonly home?: Home | undefined },
): Promise<void> {
  const files = { ...FILES, [`usr/bin/${NAME}`]: { from: program, mode: 0o755 } };
  for (const [path, { from, mode }] of Object.entries(files)) {
    await makeFolders(folder, path);
    await Deno.copyFile(from, `${folder}/${path}`);
    await Deno.chmod(`${folder}/${path}`, mode);
  }
  for (const [path, content] of Object.entries(await generatedFiles())) {
    await makeFolders(folder, path);
    await write(`${folder}/${path}`, content);
  }
  const size = await sizeOf(folder);
  await makeFolders(folder, "DEBIAN/control");
  await write(`${folder}/DEBIAN/control`, controlText(target, { kibibytes: Math.ceil(size / 1024), home }));
  await write(`${folder}/DEBIAN/conffiles`, "/etc/default/luno-mcp-server\n");
  await Deno.copyFile("deploy/debian/prerm", `${folder}/DEBIAN/prerm`);
  await Deno.chmod(`${folder}/DEBIAN/prerm`, 0o755);
}

/** What comes from the program's own tables, and the changes. */
async function generatedFiles(): Promise<Record<string, string | Uint8Array>> {
  const table = completionTable();
  const completions = Object.entries(COMPLETIONS).map(([shell, path]) => [path, SHELLS[shell]?.(table) ?? ""]);
  return {
    ...Object.fromEntries(completions),
    [`usr/share/man/man1/${NAME}.1.gz`]: gzip(`${manualPage()}\n`),
    [`usr/share/doc/${NAME}/changelog.gz`]: gzip(await Deno.readTextFile("CHANGELOG.md")),
  };
}

function gzip(text: string): Uint8Array {
  return gzipSync(text, { level: 9 });
}

async function sizeOf(folder: string): Promise<number> {
  let size = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    size += isDirectory ? await sizeOf(`${folder}/${name}`) : (await Deno.stat(`${folder}/${name}`)).size;
  }
  return size;
}

/** Makes folders readable for everybody, whatever umask the package is built under. */
async function makeFolders(folder: string, path: string): Promise<void> {
  await Deno.chmod(folder, 0o755);
  const parts = path.split("/").slice(0, -1);
  for (const end of parts.keys()) {
    const made = [folder, ...parts.slice(0, end + 1)].join("/");
    await Deno.mkdir(made, { recursive: true });
    await Deno.chmod(made, 0o755);
  }
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  await Deno.chmod(path, 0o644);
}

function controlText(
  target: DebTarget,
  { kibibytes, home }: { readonly kibibytes: number; readonly home: Home | undefined },
): string {
  const fields = {
    "Package": NAME,
    "Version": VERSION,
    "Architecture": DEB_ARCHITECTURES[target],
    "Maintainer": `The authors of ${NAME} <${home === undefined ? "noreply@invalid" : home.noReply}>`,
    ...(home === undefined ? {} : { "Homepage": home.url }),
    "Installed-Size": String(kibibytes),
    "Depends": "libc6 (>= 2.27), libgcc-s1",
    "Recommends": "ca-certificates",
    "Section": "net",
    "Priority": "optional",
    "Description": `MCP server for the Luno cryptocurrency exchange
 It offers AI clients and scripts market data, balances and orders over the
 Model Context Protocol; trading is off by default. The program serves one
 client over stdio, or many over WebSocket and HTTP as a systemd service.`,
  };
  return Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`).join("");
}
