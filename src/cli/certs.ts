/** `certs create`: writes a development authority and certificates of a server and a client. */

import { join } from "node:path";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import { reasonOf } from "../errors/reason_of.ts";
import { createCertificates } from "../transport/listeners/certificates.ts";
import type { DevelopmentCertificates } from "../transport/listeners/certificates.ts";
import { refuse } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** The name and content of each file. */
const FILES = [
  { name: "ca.pem", of: "authority", part: "cert" },
  { name: "ca-key.pem", of: "authority", part: "key" },
  { name: "server.pem", of: "server", part: "cert" },
  { name: "server-key.pem", of: "server", part: "key" },
  { name: "client.pem", of: "client", part: "cert" },
  { name: "client-key.pem", of: "client", part: "key" },
] as const;

/** Writes all files, or none when one of them exists. `problems` are those of the command line itself. */
export async function certs(
  flags: Readonly<Record<string, string>>,
  { world, problems, json = false }: { world: World; problems: readonly string[]; json?: boolean },
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.certs, { flags, env: world.env });
  if (!parsed.ok) return await refuse(world, [...problems, ...parsed.problems]);
  const { dir, hosts = [], client, force } = parsed.values;
  const existing = force ? [] : await existingFiles(dir);
  if (problems.length + existing.length > 0) {
    return await refuse(world, [
      ...problems,
      ...existing.map((path) => `${path}: exists already; --force overwrites it`),
    ]);
  }
  const certificates = await createCertificates({ hosts, client, now: world.now() });
  try {
    await writeFiles(dir, certificates);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    return await refuse(world, [`--dir: expected a folder to write to: ${reasonOf(error)}`]);
  }
  await print(world.stdout, json ? JSON.stringify(asRecord(dir, client)) : describe(dir, client));
  return 0;
}

async function existingFiles(dir: string): Promise<string[]> {
  const paths = FILES.map(({ name }) => join(dir, name));
  const found = await Promise.all(paths.map((path) => Deno.lstat(path).then(() => [path], () => [])));
  return found.flat();
}

/** Under temporary names first, so that no key is ever readable by others and no set is half written. */
async function writeFiles(dir: string, certificates: DevelopmentCertificates): Promise<void> {
  await Deno.mkdir(dir, { recursive: true });
  const drafts: string[] = [];
  try {
    for (const { name, of, part } of FILES) {
      const draft = `${join(dir, name)}.new`;
      await Deno.remove(draft).catch(() => {});
      drafts.push(draft);
      await Deno.writeTextFile(draft, certificates[of][part], { createNew: true, mode: 0o600 });
    }
    for (const { name } of FILES) await Deno.rename(`${join(dir, name)}.new`, join(dir, name));
  } catch (error) {
    for (const draft of drafts) await Deno.remove(draft).catch(() => {});
    throw error;
  }
}

function asRecord(dir: string, client: string): Record<string, unknown> {
  const files = FILES.map(({ name }) => [name.replace(/\.pem$/, "").replaceAll("-", "_"), join(dir, name)]);
  return { ...Object.fromEntries(files), client_identity: `urn:luno-mcp:client:${client}` };
}

function describe(dir: string, client: string): string {
  const path = (name: string) => inShell(join(dir, name));
  return [
    `Certificates for development in ${dir}`,
    `  server    --ssl-cert ${path("server.pem")} \\`,
    `            --ssl-key ${path("server-key.pem")}`,
    `  client    --ca ${path("ca.pem")} \\`,
    `            --cert ${path("client.pem")} \\`,
    `            --key ${path("client-key.pem")}`,
    `            (urn:luno-mcp:client:${client})`,
    `  browsers  trust ${path("ca.pem")};`,
    `            keep ${path("ca-key.pem")} to yourself, or delete it`,
  ].join("\n");
}

/** A path quoted for a shell. */
function inShell(path: string): string {
  if (/^[\w@%+=:,./\\-]+$/.test(path)) return path;
  return Deno.build.os === "windows" ? `"${path}"` : `'${path.replaceAll("'", "'\\''")}'`;
}
