/** The files of the Debian package, laid out as they are installed. */

import { DESCRIPTION, NAME, VERSION } from "./product.ts";
import type { TargetName } from "./targets.ts";

/** Debian's words for the systems that the package is for. */
export const DEB_ARCHITECTURES = { "linux-x64": "amd64", "linux-arm64": "arm64" } as const satisfies Partial<
  Record<TargetName, string>
>;

/** A system with a Debian package. */
export type DebTarget = keyof typeof DEB_ARCHITECTURES;

/** The file of a release that holds the Debian package for a system. */
export function debName(target: DebTarget): string {
  return `${NAME}_${VERSION}_${DEB_ARCHITECTURES[target]}.deb`;
}

/** Where each file comes from, and with which rights it is installed. */
const FILES: Readonly<Record<string, { readonly from: string; readonly mode: number }>> = {
  "usr/lib/systemd/system/luno-mcp-server.service": { from: "deploy/debian/luno-mcp-server.service", mode: 0o644 },
  "etc/default/luno-mcp-server": { from: "deploy/debian/default", mode: 0o644 },
  "usr/share/doc/luno-mcp-server/README.md": { from: "deploy/debian/README.md", mode: 0o644 },
  "usr/share/doc/luno-mcp-server/copyright": { from: "LICENSE", mode: 0o644 },
};

/**
 * Lays the package out in `folder`, for `dpkg-deb --build`. It has no scripts: nothing runs at its installation, and the
 * service is started by whoever configured it.
 */
export async function layOutDeb(folder: string, target: DebTarget, program: string): Promise<void> {
  const files = { ...FILES, [`usr/bin/${NAME}`]: { from: program, mode: 0o755 } };
  let size = 0;
  for (const [path, { from, mode }] of Object.entries(files)) {
    await makeFolders(folder, path);
    await Deno.copyFile(from, `${folder}/${path}`);
    await Deno.chmod(`${folder}/${path}`, mode);
    size += (await Deno.stat(from)).size;
  }
  await makeFolders(folder, "DEBIAN/control");
  await write(`${folder}/DEBIAN/control`, controlText(target, Math.ceil(size / 1024)));
  await write(`${folder}/DEBIAN/conffiles`, "/etc/default/luno-mcp-server\n");
}

/** Folders are for everybody to read, whatever mask the package is built under. */
async function makeFolders(folder: string, path: string): Promise<void> {
  await Deno.chmod(folder, 0o755);
  const parts = path.split("/").slice(0, -1);
  for (const end of parts.keys()) {
    const made = [folder, ...parts.slice(0, end + 1)].join("/");
    await Deno.mkdir(made, { recursive: true });
    await Deno.chmod(made, 0o755);
  }
}

async function write(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text);
  await Deno.chmod(path, 0o644);
}

function controlText(target: DebTarget, kibibytes: number): string {
  const fields = {
    "Package": NAME,
    "Version": VERSION,
    "Architecture": DEB_ARCHITECTURES[target],
    "Maintainer": `The authors of ${NAME} <noreply@invalid>`,
    "Installed-Size": String(kibibytes),
    "Depends": "libc6 (>= 2.27), libgcc-s1",
    "Recommends": "ca-certificates",
    "Section": "net",
    "Priority": "optional",
    "Description":
      `${DESCRIPTION}\n The program serves one client over stdio, or many over WebSocket and HTTP as a systemd service.`,
  };
  return Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`).join("");
}
