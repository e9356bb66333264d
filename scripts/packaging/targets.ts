/** The systems that the program is compiled for, and their names elsewhere. */

/** One system. */
export interface Target {
  /** Deno's name: the value of `deno compile --target`. */
  readonly triple: string;
  /** npm's names: `os` and `cpu` of a package, `process.platform` and `process.arch`. */
  readonly os: "linux" | "darwin" | "win32";
  readonly cpu: "x64" | "arm64";
  /** The suffix of an executable file. */
  readonly suffix: "" | ".exe";
}

/** Every system, by its name in files and packages. */
export const TARGETS = {
  "linux-x64": { triple: "x86_64-unknown-linux-gnu", os: "linux", cpu: "x64", suffix: "" },
  "linux-arm64": { triple: "aarch64-unknown-linux-gnu", os: "linux", cpu: "arm64", suffix: "" },
  "macos-x64": { triple: "x86_64-apple-darwin", os: "darwin", cpu: "x64", suffix: "" },
  "macos-arm64": { triple: "aarch64-apple-darwin", os: "darwin", cpu: "arm64", suffix: "" },
  "windows-x64": { triple: "x86_64-pc-windows-msvc", os: "win32", cpu: "x64", suffix: ".exe" },
} as const satisfies Record<string, Target>;

/** The name of a system. */
export type TargetName = keyof typeof TARGETS;

/** Every name, in the order of the table. */
export const TARGET_NAMES = Object.keys(TARGETS) as TargetName[];

/** The folder with the files of a release. */
export const RELEASE_FOLDER = "dist/release";

/** The file of a release that contains the program for a system. */
export function binaryName(name: TargetName): string {
  return `luno-mcp-server-${name}${TARGETS[name].suffix}`;
}

/** Where `deno task compile --target NAME` puts it. */
export function binaryPath(name: TargetName): string {
  return `${RELEASE_FOLDER}/${binaryName(name)}`;
}

/** The current system; undefined when the program is not compiled for it. */
export function hostTarget(): TargetName | undefined {
  return TARGET_NAMES.find((name) => TARGETS[name].triple === Deno.build.target);
}

/** The file of a release that contains the MCP bundle for a system. */
export function bundleName(name: TargetName): string {
  return `luno-mcp-server-${name}.mcpb`;
}

/** The compiled program for a system: that of a release, or the one compiled for the current system. */
export async function findProgram(name: TargetName): Promise<string | undefined> {
  const ofHost = name === hostTarget() ? [`dist/luno-mcp-server${TARGETS[name].suffix}`] : [];
  for (const path of [binaryPath(name), ...ofHost]) {
    if (await Deno.stat(path).catch(() => undefined) !== undefined) return path;
  }
  return undefined;
}
