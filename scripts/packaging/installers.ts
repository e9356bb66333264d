/**
 * Writes the installers of a release to `dist/release`: the scripts of this folder, completed by the release's address,
 * its version and the public key of its signature. The argument names a file with that key (RSA, PEM).
 */

import { print } from "../../src/world.ts";
import { homeOf, VERSION } from "./product.ts";
import { RELEASE_FOLDER } from "./targets.ts";

/** The values that complete an installer. */
export interface Release {
  /** The address of the folder with the files. */
  readonly address: string;
  readonly version: string;
  /** The public key as PEM. */
  readonly key: string;
}

/** `install.sh` for a release. */
export function shellInstaller(script: string, { address, version, key }: Release): string {
  return fill(script, {
    "RELEASE=''": `RELEASE='${address}'`,
    "VERSION=''": `VERSION='${version}'`,
    "KEY=''": `KEY='${key.trim()}'`,
  });
}

/** `install.ps1` for a release; Windows PowerShell reads a key by its numbers. */
export async function powershellInstaller(script: string, { address, version, key }: Release): Promise<string> {
  const der = Uint8Array.fromBase64(key.replaceAll(/-----[A-Z ]+-----|\s/g, ""));
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const { n = "", e = "" } = await crypto.subtle.exportKey(
    "jwk",
    await crypto.subtle.importKey("spki", der, algorithm, true, ["verify"]),
  );
  const numbers = [n, e].map((number) => Uint8Array.fromBase64(number, { alphabet: "base64url" }).toBase64());
  return fill(script, {
    "$Release = ''": `$Release = '${address}'`,
    "$Version = ''": `$Version = '${version}'`,
    "$ReleaseKey = ''": `$ReleaseKey = '${numbers.join(".")}'`,
  });
}

/** Replaces whole lines, each of which occurs exactly once. */
function fill(script: string, lines: Readonly<Record<string, string>>): string {
  return Object.entries(lines).reduce((text, [line, filled]) => {
    const [before, after, ...others] = text.split(`\n${line}\n`);
    if (before === undefined || after === undefined || others.length > 0) {
      throw new TypeError(`expected one line ${line}`);
    }
    return `${before}\n${filled}\n${after}`;
  }, script);
}

if (import.meta.main) {
  const [keyFile] = Deno.args;
  const home = homeOf(Deno.env.get("GITHUB_REPOSITORY"));
  if (keyFile === undefined || home === undefined) {
    await print(
      Deno.stderr,
      "Cannot write installers: expected a file with the public key, and OWNER/NAME in GITHUB_REPOSITORY",
    );
    Deno.exit(2);
  }
  const address = `${home.url}/releases/download/v${VERSION}`;
  const release = { address, version: VERSION, key: await Deno.readTextFile(keyFile) };
  const read = (name: string) => Deno.readTextFile(`scripts/${name}`);
  await Deno.writeTextFile(`${RELEASE_FOLDER}/install.sh`, shellInstaller(await read("install.sh"), release));
  await Deno.writeTextFile(
    `${RELEASE_FOLDER}/install.ps1`,
    await powershellInstaller(await read("install.ps1"), release),
  );
}
