/** File systems that lie on another machine: locks and flushes of a database cannot be relied on there. */

import { statfs } from "node:fs/promises";

/** Linux' numbers of file systems that other machines serve; what FUSE mounts may be any, so it counts. */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x517b, "SMB"],
  [0x01021997, "9p"],
  [0x65735546, "FUSE"],
  [0x00c36400, "Ceph"],
  [0x5346414f, "AFS"],
  [0x6b414653, "AFS"],
  [0x73757245, "Coda"],
  [0x01161970, "GFS2"],
  [0x7461636f, "OCFS2"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x786f4256, "a folder of the virtual machine's host"],
]);

/** How to find a folder's file system. */
export interface FileSystemQuery {
  /** @default Deno.build.os */
  readonly os?: typeof Deno.build.os;
  /** The number of the file system that holds a path. @default the system's own */
  readonly typeOf?: (path: string) => Promise<number>;
}

/**
 * Which network file system holds a folder; `undefined` for a local one and where the system does not tell. Known on
 * Linux, and for shares such as `\\SERVER\SHARE` on Windows.
 */
export async function networkFileSystem(
  folder: string,
  { os = Deno.build.os, typeOf = typeOfPath }: FileSystemQuery = {},
): Promise<string | undefined> {
  if (os === "windows") return /^[\\/]{2}[^\\/?.]/.test(folder) ? "a network share" : undefined;
  if (os !== "linux") return undefined;
  // 32 bits, which some systems sign.
  const type = await typeOf(folder).catch(() => undefined);
  return type === undefined ? undefined : NETWORK_TYPES.get(type >>> 0);
}

async function typeOfPath(path: string): Promise<number> {
  return Number((await statfs(path)).type);
}
