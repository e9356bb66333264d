/** Recognizes by the first bytes of an executable which system it is for. */

import type { TargetName } from "./targets.ts";

/** How many bytes suffice: the header of a Windows program follows a stub for DOS. */
const HEADER_BYTES = 4096;

/** The system that an executable is for; undefined for other files and other systems. */
export function targetOf(header: Uint8Array): TargetName | undefined {
  if (header.length < 64) return undefined;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.getUint32(0) === 0x7f454c46) return ELF[view.getUint16(18, true)];
  if (view.getUint32(0, true) === 0xfeedfacf) return MACH_O[view.getUint32(4, true)];
  if (view.getUint16(0) === 0x4d5a) return peTarget(view);
  return undefined;
}

const ELF: Readonly<Record<number, TargetName>> = { 62: "linux-x64", 183: "linux-arm64" };

const MACH_O: Readonly<Record<number, TargetName>> = { 0x01000007: "macos-x64", 0x0100000c: "macos-arm64" };

function peTarget(view: DataView): TargetName | undefined {
  const at = view.getUint32(60, true);
  if (at + 6 > view.byteLength || view.getUint32(at) !== 0x50450000) return undefined;
  return view.getUint16(at + 4, true) === 0x8664 ? "windows-x64" : undefined;
}

/** The system that the executable at `path` is for. */
export async function targetOfFile(path: string): Promise<TargetName | undefined> {
  using file = await Deno.open(path);
  const header = new Uint8Array(HEADER_BYTES);
  const length = await file.read(header);
  return targetOf(header.subarray(0, length ?? 0));
}
