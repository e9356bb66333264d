/** Detects network file systems, on which a database cannot rely on locks and flushes. */

import { statfs } from "node:fs/promises";

/** Linux's type numbers of network file systems; FUSE counts, as it may be one. */
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

/** How to determine a folder's file system. */
export interface FileSystemQuery {
  /** @default Deno.build.os */
  readonly os?: typeof Deno.build.os;
  /**
   * Returns the type number of the file system of a path.
   *
   * @default statfs
   */
  readonly typeOf?: (path: string) => Promise<number>;
}

/**
 * The network file system of a folder; `undefined` for a local one, or when it is unknown. Detected on Linux, and for
 * shares such as `\\SERVER\SHARE` on Windows.
 */
export async function networkFileSystem(
  folder: string,
  { os = Deno.build.os, typeOf = typeOfPath }: FileSystemQuery = {},
): Promise<string | undefined> {
  if (os === "windows") return /^[\\/]{2}[^\\/?.]/.test(folder) ? "a network share" : undefined;
  if (os !== "linux") return undefined;
  // 32 bits, which some systems sign-extend.
  const type = await typeOf(folder).catch(() => undefined);
  return type === undefined ? undefined : NETWORK_TYPES.get(type >>> 0);
}

async function typeOfPath(path: string): Promise<number> {
  return Number((await statfs(path)).type);
}
